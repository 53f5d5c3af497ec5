//! Sees to it that nothing essential ends unnoticed.
//!
//! A task that panics is caught by the runtime, and everything else lives on
//! without it: a node that looks well and delivers nothing. So each task that a
//! node cannot be without is started by its supervisor, which tells whoever runs
//! the node why one has ended. What is to be done then is not decided here.

use std::{any::Any, panic::AssertUnwindSafe};

use futures_util::FutureExt;
use tokio::sync::mpsc;

/// Watches over tasks. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Supervisor {
    ended: mpsc::UnboundedSender<Ended>,
}

/// Where it is heard that a task has ended.
#[derive(Debug)]
pub struct Endings {
    ended: mpsc::UnboundedReceiver<Ended>,
}

/// A task that has ended and should not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its name.
    pub task: &'static str,
    /// What happened, in words.
    pub why: String,
}

impl Supervisor {
    /// A supervisor, and where it is heard what it sees.
    pub fn new() -> (Self, Endings) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self { ended: sender }, Endings { ended: receiver })
    }

    /// The task made of a loop that must go on for as long as the node lives.
    /// That it is dropped is no end: then its runtime is gone, or its owner.
    pub fn endless<W: Future<Output = ()>>(
        &self,
        task: &'static str,
        work: W,
    ) -> impl Future<Output = ()> + use<W> {
        let supervisor = self.clone();
        async move {
            let work = async {
                tokio::select! {
                    biased;
                    () = work => {}
                    () = until_a_test_ends(task) => {}
                }
            };
            let why = match AssertUnwindSafe(work).catch_unwind().await {
                Ok(()) => "it returned".to_owned(),
                Err(panic) => in_words(&*panic),
            };
            supervisor.tell(task, why);
        }
    }

    /// The task made of work that ends by itself, but must not panic: somebody
    /// relies on its being done.
    pub fn finite<W: Future<Output = ()>>(
        &self,
        task: &'static str,
        work: W,
    ) -> impl Future<Output = ()> + use<W> {
        let supervisor = self.clone();
        async move {
            if let Err(panic) = AssertUnwindSafe(work).catch_unwind().await {
                supervisor.tell(task, in_words(&*panic));
            }
        }
    }

    fn tell(&self, task: &'static str, why: String) {
        // Where nobody listens, nobody runs a node.
        let _ = self.ended.send(Ended { task, why });
    }
}

/// One that nobody listens to.
impl Default for Supervisor {
    fn default() -> Self {
        Self::new().0
    }
}

impl Endings {
    /// Waits for the next task to end.
    pub async fn next(&mut self) -> Ended {
        match self.ended.recv().await {
            Some(ended) => ended,
            // There is no supervisor any more, and nothing that could end.
            None => std::future::pending().await,
        }
    }
}

/// What a panic said.
fn in_words(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().copied();
    let words = words.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("it panicked: {}", words.unwrap_or("no words"))
}

/// Waits until a test ends this task, in builds that are not for use: in the
/// folder that `TEST_ROOKERY_TASKS` names each task makes a file of its name,
/// and returns or panics when the test writes `return` or `panic` into that.
#[cfg(debug_assertions)]
async fn until_a_test_ends(task: &'static str) {
    let Some(folder) = std::env::var_os("TEST_ROOKERY_TASKS") else {
        return std::future::pending().await;
    };
    let file = std::path::Path::new(&folder).join(task);
    // Each worker has some of the same name: none of them takes away what was written for another.
    let mut options = std::fs::OpenOptions::new();
    if let Err(error) = options.create(true).append(true).open(&file) {
        tracing::error!(%error, file = %file.display(), "a test cannot end this task");
    }
    loop {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        match std::fs::read_to_string(&file).unwrap_or_default().as_str() {
            "return" => return,
            "panic" => panic!("a test says so"),
            _ => {}
        }
    }
}

#[cfg(not(debug_assertions))]
async fn until_a_test_ends(_task: &'static str) {
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_told_what_ended_and_why() {
        let (supervisor, mut endings) = Supervisor::new();
        for (work, why) in [
            (0, "it returned"),
            (1, "it panicked: oh"),
            (2, "it panicked: oh 2"),
        ] {
            tokio::spawn(supervisor.endless("loop", async move {
                match work {
                    0 => {}
                    1 => panic!("oh"),
                    number => panic!("oh {number}"),
                }
            }));
            let ended = endings.next().await;
            assert_eq!((ended.task, ended.why.as_str()), ("loop", why));
        }
    }

    #[tokio::test]
    async fn what_may_end_must_not_panic() {
        let (supervisor, mut endings) = Supervisor::new();
        supervisor.finite("calm", async {}).await;
        supervisor.finite("wild", async { panic!("oh") }).await;
        assert_eq!(endings.next().await.task, "wild");
    }

    #[tokio::test]
    async fn what_is_dropped_has_not_ended() {
        let (supervisor, mut endings) = Supervisor::new();
        let task = tokio::spawn(supervisor.endless("dropped", std::future::pending()));
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        supervisor.finite("wild", async { panic!("oh") }).await;
        assert_eq!(endings.next().await.task, "wild");
    }
}
