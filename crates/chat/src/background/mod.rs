//! Work that belongs to no session and to no caller: loops for as long as the
//! node lives, and what has to be carried out whoever waits for it.

mod carried_out;

use rookery_store::Supervisor;
use tokio::runtime::Handle;

pub use carried_out::CarriedOut;

/// The runtime of that work, and who watches it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Background {
    handle: Handle,
    supervisor: Supervisor,
}

impl Background {
    /// Work on this runtime, watched by this supervisor.
    pub fn new(handle: Handle, supervisor: Supervisor) -> Self {
        Self { handle, supervisor }
    }

    /// What essential tasks are started by.
    pub fn supervisor(&self) -> &Supervisor {
        &self.supervisor
    }

    /// The runtime of that work.
    pub(crate) fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Starts a loop that the node cannot be without.
    pub fn keep_running(
        &self,
        task: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        self.handle.spawn(self.supervisor.endless(task, work));
    }

    /// Starts something that ends by itself and that somebody relies on.
    pub(crate) fn start_soon(
        &self,
        task: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        self.handle.spawn(self.supervisor.finite(task, work));
    }

    /// Work that is carried out whether or not anybody waits for it.
    pub(crate) fn carry_out<F>(&self, work: F) -> CarriedOut<F>
    where
        F: Future<Output: Send> + Unpin + Send + 'static,
    {
        CarriedOut::new(work, &self.handle)
    }
}
