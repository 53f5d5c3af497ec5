//! Ctrl-C and `kill`: a run ends with what it has measured so far; a second
//! time it does not even wait for what is on its way.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use signal_hook::consts::{SIGINT, SIGTERM};

/// Whether somebody asked for the end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop(Arc<AtomicUsize>);

impl Stop {
    /// Listens for the signals of this process.
    ///
    /// # Errors
    ///
    /// Where the kernel refuses the handlers.
    pub(crate) fn on_signals() -> io::Result<Self> {
        let stop = Self::default();
        let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
        let asked = stop.clone();
        std::thread::Builder::new()
            .name("signals".into())
            .spawn(move || {
                for _ in signals.forever() {
                    asked.0.fetch_add(1, Ordering::Relaxed);
                }
            })?;
        Ok(stop)
    }

    /// Whether to end with what there is.
    pub(crate) fn requested(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    /// Whether to end without waiting for anything.
    pub(crate) fn requested_twice(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 1
    }
}
