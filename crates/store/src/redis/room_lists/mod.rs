//! The rooms that users are in, asked for whenever somebody says hello.
//!
//! Thousands may come back at once, and some of them are in a thousand rooms.
//! So users in few rooms are read together, as many in a call as take little
//! time; whoever is in many is read by calls of their own, a few at once, and
//! nobody waits for another's rooms. A user who is asked for while they are read is
//! read once more, once for all who asked meanwhile: an answer holds whatever
//! was so before its question.

mod reader;

use std::collections::{HashMap, VecDeque};

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use indexmap::IndexMap;
use rookery_protocol::{UserId, server_frame::RoomRow};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use self::reader::{Done, Reader};
use super::{failure, link::Link};
use crate::StoreError;

/// At most so many users are read in one call.
const USERS_PER_CALL: usize = 128;
/// So many calls for several users are under way at once.
const MOST_TOGETHER: usize = 2;
/// And so many users are read on their own.
const MOST_ALONE: usize = 2;

type Rows = Result<Vec<RoomRow>, StoreError>;
type Asker = oneshot::Sender<Rows>;

/// Where the rooms of users are asked for. Cheap to clone.
#[derive(Clone)]
pub(super) struct RoomLists {
    link: Link,
    questions: mpsc::UnboundedSender<(UserId, Asker)>,
}

impl RoomLists {
    /// The place to ask, and the task that does its work. Of a user who is in
    /// more than `most` rooms only so many are given; 0 is no limit.
    pub(super) fn new(link: Link, most: u64) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (questions, asked) = mpsc::unbounded_channel();
        let task = Task {
            reader: Reader {
                link: link.clone(),
                most,
            },
            asked,
            waiting: IndexMap::new(),
            under_way: HashMap::new(),
            left: Vec::new(),
            many: VecDeque::new(),
            calls: FuturesUnordered::new(),
            together: 0,
            alone: 0,
        };
        (Self { link, questions }, task.run())
    }

    /// The rooms of a user; refused at once where there is no connection.
    pub(super) async fn ask(&self, user: &UserId) -> Rows {
        self.link.must_be_up()?;
        let (answer, answered) = oneshot::channel();
        // Where the task has ended, the dropped answer says so.
        let _ = self.questions.send((user.clone(), answer));
        match timeout(self.link.command_timeout(), answered).await {
            Ok(Ok(rows)) => rows,
            Ok(Err(_)) => Err(StoreError::Unavailable("the store was closed".to_owned())),
            Err(_) => Err(failure::too_late()),
        }
    }
}

/// A user, and who waits for their rooms.
struct UserAsked {
    user: UserId,
    answers: Vec<Asker>,
}

impl UserAsked {
    fn is_wanted(&self) -> bool {
        self.answers.iter().any(|answer| !answer.is_closed())
    }

    fn answer(self, rows: &Rows) {
        for answer in self.answers {
            // Nobody has to wait for the answer.
            let _ = answer.send(rows.clone());
        }
    }
}

/// Decides who is read when.
struct Task {
    reader: Reader,
    asked: mpsc::UnboundedReceiver<(UserId, Asker)>,
    /// Who is to be read, in the order in which they were asked for.
    waiting: IndexMap<UserId, Vec<Asker>>,
    /// Who is being read, or about to be, and who has asked for them since.
    under_way: HashMap<UserId, Vec<Asker>>,
    /// Who was too many for their call: they come first in the next.
    left: Vec<UserAsked>,
    /// Who is to be read on their own, and in how many rooms they are.
    many: VecDeque<(UserAsked, u64)>,
    calls: FuturesUnordered<BoxFuture<'static, Done>>,
    together: usize,
    alone: usize,
}

impl Task {
    async fn run(mut self) {
        loop {
            self.begin_calls();
            tokio::select! {
                asked = self.asked.recv() => {
                    let Some((user, answer)) = asked else { return };
                    self.take(user, answer);
                    while let Ok((user, answer)) = self.asked.try_recv() {
                        self.take(user, answer);
                    }
                }
                Some(done) = self.calls.next() => self.finish(done),
            }
        }
    }

    fn take(&mut self, user: UserId, answer: Asker) {
        match self.under_way.get_mut(&user) {
            Some(since) => since.push(answer),
            None => self.waiting.entry(user).or_default().push(answer),
        }
    }

    fn begin_calls(&mut self) {
        while self.alone < MOST_ALONE
            && let Some((wanted, rooms)) = self.many.pop_front()
        {
            self.alone += 1;
            let call = self.reader.clone().read_alone(wanted, rooms);
            self.calls.push(call.boxed());
        }
        while self.together < MOST_TOGETHER {
            let wanted = self.next_together();
            if wanted.is_empty() {
                return;
            }
            self.together += 1;
            let call = self.reader.clone().read_together(wanted);
            self.calls.push(call.boxed());
        }
    }

    /// Takes out whom the next call is to read.
    fn next_together(&mut self) -> Vec<UserAsked> {
        let mut wanted = std::mem::take(&mut self.left);
        while wanted.len() < USERS_PER_CALL
            && let Some((user, answers)) = self.waiting.shift_remove_index(0)
        {
            let next = UserAsked { user, answers };
            if next.is_wanted() {
                self.under_way.insert(next.user.clone(), Vec::new());
                wanted.push(next);
            }
        }
        wanted
    }

    fn finish(&mut self, done: Done) {
        match done {
            Done::Together {
                answered,
                many,
                left,
            } => {
                self.together -= 1;
                self.many.extend(many);
                self.left.extend(left);
                for user in answered {
                    self.read_again(user);
                }
            }
            Done::Alone(user) => {
                self.alone -= 1;
                self.read_again(user);
            }
        }
    }

    /// A user is answered; whoever has asked for them meanwhile waits for another reading.
    fn read_again(&mut self, user: UserId) {
        let since = self.under_way.remove(&user).unwrap_or_default();
        if !since.is_empty() {
            self.waiting.insert(user, since);
        }
    }
}
