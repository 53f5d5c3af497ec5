//! People who write without a pause until they are told to stop.

use std::time::Duration;

use rookery_client::Client;
use rookery_protocol::RoomId;
use tokio::{sync::watch, task::JoinSet, time::sleep};

use super::soon;

/// A message that a node said is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    pub(crate) seq: u64,
    pub(crate) text: String,
}

/// Writers at work. Each sends one message after the other and takes no
/// refusal: what it sent is acknowledged, or it fails the test.
pub(crate) struct Writers {
    stop: watch::Sender<bool>,
    count: watch::Receiver<usize>,
    highest: watch::Receiver<u64>,
    tasks: JoinSet<Vec<Acknowledged>>,
}

impl Writers {
    /// Sets them to work, with a short rest after each message.
    pub(crate) fn start(
        clients: impl IntoIterator<Item = Client>,
        room: &RoomId,
        rest: Duration,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (counted, count) = watch::channel(0);
        let (reached, highest) = watch::channel(0);
        let mut tasks = JoinSet::new();
        for (number, client) in clients.into_iter().enumerate() {
            let (room, stopped, counted) = (room.clone(), stopped.clone(), counted.clone());
            let reached = reached.clone();
            tasks.spawn(async move {
                let mut acknowledged = vec![];
                while !*stopped.borrow() {
                    let text = format!("{number}-{}", acknowledged.len());
                    let sent = client.send(&room, &text).await.unwrap();
                    acknowledged.push(Acknowledged {
                        seq: sent.seq,
                        text,
                    });
                    reached.send_modify(|highest| *highest = sent.seq.max(*highest));
                    counted.send_modify(|count| *count += 1);
                    sleep(rest).await;
                }
                acknowledged
            });
        }
        Self {
            stop,
            count,
            highest,
            tasks,
        }
    }

    /// How many messages were acknowledged.
    pub(crate) fn count(&self) -> usize {
        *self.count.borrow()
    }

    /// Waits until so many more messages were acknowledged.
    pub(crate) async fn write(&mut self, more: usize) {
        let goal = *self.count.borrow() + more;
        let waiting = self.count.wait_for(|&count| count >= goal);
        soon(&format!("{more} more messages"), waiting)
            .await
            .expect("writers at work");
    }

    /// The highest number that was acknowledged so far.
    pub(crate) fn last(&self) -> u64 {
        *self.highest.borrow()
    }

    /// Lets each finish its message, and gives what was acknowledged, by seq.
    pub(crate) async fn stop(mut self) -> Vec<Acknowledged> {
        self.stop.send_replace(true);
        let mut all = vec![];
        let finishing = async {
            while let Some(written) = self.tasks.join_next().await {
                all.extend(written.unwrap());
            }
        };
        soon("the writers stopping", finishing).await;
        all.sort_by_key(|sent| sent.seq);
        all
    }
}
