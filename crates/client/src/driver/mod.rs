//! The task behind a client: reach a node, serve the connection until it ends,
//! wait, and again. It must never give up where the protocol says come back,
//! nor come back where it says stay away.

mod outlet;
mod serve;
mod socket;

use std::{
    future::Future,
    sync::{Arc, OnceLock},
};

use rookery_protocol::close::may_come_back;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until, timeout},
};

use self::{outlet::Outlet, socket::Socket};
use crate::{
    ClientError, ClientSettings, ConnectionError, Event, GaveUp, HelloError, Lost,
    backoff::{Backoff, Returns},
    request::{Reply, Request},
    requests::{Rank, Requests, hold},
    rooms::Rooms,
};

/// What a handle asks for.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) request: Request,
    pub(crate) reply: Option<Reply>,
}

/// Why a connection, or the attempt at one, is over.
enum Ended {
    /// The client was closed.
    Stopped,
    /// There is no coming back.
    GaveUp(GaveUp),
    /// There is, at the time that the node named or else after the backoff.
    Lost {
        lost: Lost,
        back_at: Option<Instant>,
    },
    /// No connection came about; the node may have said when to try again.
    Unreached { retry_after_ms: Option<u64> },
}

/// The state that outlives a connection.
pub(crate) struct Driver {
    settings: ClientSettings,
    commands: mpsc::Receiver<Command>,
    token: watch::Receiver<String>,
    closing: watch::Receiver<bool>,
    outlet: Outlet,
    ended: Arc<OnceLock<ClientError>>,
    rooms: Rooms,
    requests: Requests,
    returns: Returns,
    /// Counts attempts; says whose turn it is.
    attempts: usize,
    connected_before: bool,
}

impl Driver {
    pub(crate) fn new(
        settings: ClientSettings,
        commands: mpsc::Receiver<Command>,
        token: watch::Receiver<String>,
        closing: watch::Receiver<bool>,
        events: mpsc::Sender<Event>,
        ended: Arc<OnceLock<ClientError>>,
    ) -> Self {
        Self {
            requests: Requests::new(settings.in_flight, settings.pending),
            returns: Returns::new(Backoff::new(settings.backoff_base, settings.backoff_cap)),
            outlet: Outlet::new(events),
            rooms: Rooms::default(),
            attempts: 0,
            connected_before: false,
            settings,
            commands,
            token,
            closing,
            ended,
        }
    }

    /// Runs until the client is closed or told to stay away.
    pub(crate) async fn run(mut self) {
        loop {
            let ended = match self.reach().await {
                Ok(socket) => self.serve(socket).await,
                Err(ended) => ended,
            };
            self.rooms.disconnected();
            self.requests.disconnected();
            let waited = match ended {
                Ended::Stopped => None,
                Ended::GaveUp(why) => return self.give_up(why).await,
                Ended::Lost { lost, back_at } => self.after_loss(lost, back_at).await,
                Ended::Unreached { retry_after_ms } => self.back_off(retry_after_ms).await,
            };
            if waited.is_none() {
                // Whoever still waits for an answer finds this.
                let _ = self.ended.set(ClientError::Closed);
                return;
            }
        }
    }

    /// Opens a connection to the node whose turn it is.
    async fn reach(&mut self) -> Result<Socket, Ended> {
        let target = self.settings.targets[self.attempts % self.settings.targets.len()].clone();
        self.attempts += 1;
        let token = self.token.borrow_and_update().clone();
        let opening = Socket::open(
            target.clone(),
            token,
            self.settings.name.clone(),
            self.settings.connect_timeout,
        );
        let error = match self.meanwhile(opening).await {
            None => return Err(Ended::Stopped),
            Some(Ok(socket)) => return Ok(socket),
            Some(Err(error)) => error,
        };
        tracing::debug!(%target, %error, "no connection");
        Err(match error {
            HelloError::Closed { code, reason } if !may_come_back(code) => {
                Ended::GaveUp(GaveUp::Closed { code, reason })
            }
            HelloError::Broken(ConnectionError::Upgrade { status, .. }) if is_final(status) => {
                Ended::GaveUp(GaveUp::Upgrade { status })
            }
            HelloError::Broken(ConnectionError::Upgrade { retry_after_ms, .. }) => {
                Ended::Unreached { retry_after_ms }
            }
            HelloError::Refused(error) => Ended::Unreached {
                retry_after_ms: error.retry_after_ms,
            },
            _ => Ended::Unreached {
                retry_after_ms: None,
            },
        })
    }

    /// Tells of the loss and waits until it is time to come back.
    async fn after_loss(&mut self, lost: Lost, back_at: Option<Instant>) -> Option<()> {
        tracing::debug!(?lost, "connection lost");
        let token_expired = matches!(lost, Lost::Closed { code: 4005, .. });
        self.outlet.push(Event::Disconnected(lost));
        if token_expired {
            return self.wait_for_token().await;
        }
        match back_at {
            Some(at) => {
                self.returns.begin_anew();
                self.meanwhile(sleep_until(at)).await
            }
            None => self.back_off(None).await,
        }
    }

    async fn back_off(&mut self, retry_after_ms: Option<u64>) -> Option<()> {
        let told = retry_after_ms.map(|ms| hold(Some(ms), &mut rand::rng()));
        let wait = self.returns.wait(told, &mut rand::rng());
        self.meanwhile(tokio::time::sleep(wait)).await
    }

    /// The old token is of no use: a new one is given now, or is late.
    async fn wait_for_token(&mut self) -> Option<()> {
        let mut token = self.token.clone();
        let within = self.settings.token_wait;
        // In time or not, the attempt with what there is then decides.
        self.meanwhile(timeout(within, async move { token.changed().await }))
            .await
            .map(drop)
    }

    /// Waits for something while there is no connection: calls are taken, to be
    /// written later, and events go to the consumer. Ends only when the consumer
    /// has taken them all, so that a client that nobody listens to does not
    /// connect again and again. `None` when the client is closed.
    async fn meanwhile<T>(&mut self, something: impl Future<Output = T>) -> Option<T> {
        tokio::pin!(something);
        let mut output = None;
        loop {
            tokio::select! {
                done = &mut something, if output.is_none() => output = Some(done),
                () = self.outlet.drain(), if self.outlet.is_full() => {}
                Some(command) = self.commands.recv(), if self.requests.has_room() => self.take(command),
                () = asked_to_close(&mut self.closing) => return None,
            }
            if output.is_some() && !self.outlet.is_full() {
                return output;
            }
        }
    }

    /// Takes a call, to be written when its turn comes. What only makes sense at
    /// once, such as typing, is not kept.
    fn take(&mut self, command: Command) {
        match &command.request {
            Request::Typing { .. } => return,
            Request::Leave { room } => {
                self.rooms.leave(room);
                let rooms = &self.rooms;
                self.requests.retain_resumes(|request| match request {
                    Request::Join { room, .. } => rooms.is_open(room),
                    _ => true,
                });
            }
            _ => {}
        }
        self.requests
            .add(Rank::Call, command.request, command.reply);
        if !self.requests.has_room() {
            self.requests.forget_unwanted();
        }
    }

    /// Tells everybody that there is no coming back.
    async fn give_up(self, why: GaveUp) {
        let _ = self.ended.set(ClientError::GaveUp(why.clone()));
        let Self {
            commands,
            requests,
            mut outlet,
            ..
        } = self;
        // Calls that wait find their answer dropped, and the reason above.
        drop((commands, requests));
        outlet.push(Event::GaveUp(why));
        while outlet.is_full() {
            outlet.drain().await;
        }
    }
}

/// Waits until the client is closed, or all its handles are gone.
async fn asked_to_close(closing: &mut watch::Receiver<bool>) {
    // An error says that nobody is left to ask.
    let _ = closing.wait_for(|&closing| closing).await;
}

/// Whether an HTTP status in place of the upgrade will not change by waiting.
fn is_final(status: u16) -> bool {
    (400..500).contains(&status) && !matches!(status, 408 | 425 | 429)
}
