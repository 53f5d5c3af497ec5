//! A node from its start to its end: assemble, serve, drain, stop.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    process::ExitCode,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use actix_http::HttpService;
use actix_server::{Server, ServerHandle};
use actix_service::map_config;
use actix_web::dev::AppConfig;
use anyhow::Context;
use rookery_chat::{Background, health::Readiness, sync::Peers};
use rookery_protocol::ServerId;
use rookery_store::{DataSync, Ended, Endings, Supervisor};
use tokio::runtime::Runtime;

use crate::{
    admin, cut_off,
    drain::{self, Signals},
    http,
    identity::own_secret,
    listeners::{self, Listeners},
    metrics::Metrics,
    native,
    node::{Node, Parts},
    settings::{Engine, Settings},
    start::Start,
    worker::Worker,
};

/// The exit status of a node that was told twice to stop, as shells count it
/// for SIGINT.
const ENDED_AT_ONCE: u8 = 130;

/// Runs a node until it is told to stop, or until something that it cannot be
/// without has ended; the exit status is that of the process.
///
/// # Errors
///
/// When the store cannot be reached or a listener cannot be bound; the words
/// say what to do.
pub(crate) fn run(settings: Settings, server_id: ServerId) -> anyhow::Result<ExitCode> {
    raise_file_limit();
    // Everything that belongs to no socket runs on a thread of its own: the
    // workers' runtimes are single-threaded and have clients to serve.
    let background = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("background")
        .enable_all()
        .build()
        .context("cannot start a thread for background work")?;
    let result =
        actix_rt::System::new().block_on(serve(Arc::new(settings), server_id, &background));
    match &result {
        Ok(Ending::Broken(_)) => background.shutdown_background(),
        _ => background.shutdown_timeout(Duration::from_secs(1)),
    }
    result.map(Ending::tell)
}

/// How long the last that happened may take to be written to a data folder.
const CLOSING: Duration = Duration::from_secs(10);

/// How a node's life ended.
enum Ending {
    /// By this signal, before anybody was served.
    BeforeReady(&'static str),
    Stopped,
    /// Somebody lost patience and sent this signal after the first.
    AtOnce(&'static str),
    /// Something that it cannot be without ended.
    Broken(Ended),
}

impl Ending {
    /// Logs the ending and gives the exit status. To be called when nothing else
    /// runs any more: it is the log's last line.
    fn tell(self) -> ExitCode {
        match self {
            Self::BeforeReady(name) => {
                tracing::info!("{name} before the node was ready: ended");
                ExitCode::SUCCESS
            }
            Self::Stopped => {
                tracing::info!("stopped");
                ExitCode::SUCCESS
            }
            Self::AtOnce(name) => {
                tracing::warn!("{name} again: ended at once");
                ExitCode::from(ENDED_AT_ONCE)
            }
            Self::Broken(Ended { task, why }) => {
                tracing::error!(
                    task,
                    why,
                    "a task that the node cannot be without has ended, and the node with it"
                );
                ExitCode::FAILURE
            }
        }
    }
}

async fn serve(
    settings: Arc<Settings>,
    server_id: ServerId,
    background: &Runtime,
) -> anyhow::Result<Ending> {
    let mut signals = Signals::listen().context("cannot listen for signals")?;
    let (supervisor, mut endings) = Supervisor::new();
    say_where_messages_are(&settings);
    let listeners = Listeners::bind(&settings)?;
    let node = tokio::select! {
        node = assemble(&settings, server_id, supervisor, &listeners, background) => node?,
        name = signals.next() => return Ok(Ending::BeforeReady(name)),
    };
    let ending = serve_until_the_end(&node, listeners, &mut signals, &mut endings).await;
    close_store(&node).await;
    ending
}

/// However it ended, what waits to be written to a data folder is.
async fn close_store(node: &Node) {
    if tokio::time::timeout(CLOSING, node.chat.close_store())
        .await
        .is_err()
    {
        tracing::error!("the data folder did not take in time what was to be written last");
    }
}

async fn serve_until_the_end(
    node: &Arc<Node>,
    listeners: Listeners,
    signals: &mut Signals,
    endings: &mut Endings,
) -> anyhow::Result<Ending> {
    let (clients, clients_at) = serve_clients(node, listeners.clients)?;
    let operators = listeners.operators;
    let operators = operators
        .map(|listener| admin::serve(node, listener))
        .transpose()?;
    announce(node, clients_at, operators.as_ref().map(|(_, at)| *at));
    let (clients_handle, mut clients_ended) = run_apart(clients);
    let operators_handle = operators.map(|(server, _)| run_apart(server).0);

    let ended_early = tokio::select! {
        name = signals.next() => {
            tracing::info!("{name}: stopping; a second signal ends at once");
            None
        }
        ended = &mut clients_ended => Some(ended),
        ended = endings.next() => return Ok(Ending::Broken(ended)),
    };
    if let Some(ended) = ended_early {
        ended
            .context("the server's task broke")?
            .context("the server broke")?;
        anyhow::bail!("the server ended by itself");
    }
    tokio::select! {
        () = stop(node, clients_handle, operators_handle) => Ok(Ending::Stopped),
        name = signals.next_impatient() => Ok(Ending::AtOnce(name)),
        ended = endings.next() => Ok(Ending::Broken(ended)),
    }
}

async fn stop(node: &Arc<Node>, clients: ServerHandle, operators: Option<ServerHandle>) {
    drain::drain(node).await;
    clients.stop(false).await;
    if let Some(operators) = operators {
        operators.stop(false).await;
    }
}

/// Connects the store and starts what belongs to no socket.
async fn assemble(
    settings: &Arc<Settings>,
    server_id: ServerId,
    supervisor: Supervisor,
    listeners: &Listeners,
    background: &Runtime,
) -> anyhow::Result<Arc<Node>> {
    let (metrics, readiness) = (Arc::new(Metrics::new()), Arc::new(Readiness::default()));
    let store_settings = rookery_store::Settings {
        supervisor: supervisor.clone(),
        ..settings.store_settings(server_id.clone())
    };
    let start = Start {
        settings,
        store: store_settings,
        listeners,
        metrics: &metrics,
        readiness: &readiness,
        background,
    };
    let (store, bus) = start.connect().await?;
    let settings = &with_own_secret(settings)?;
    let node = Arc::new(Node::new(Parts {
        server_id,
        settings: Arc::clone(settings),
        store,
        metrics,
        readiness,
        background: Background::new(background.handle().clone(), supervisor),
    }));
    node.chat.start(bus);
    node.identity.keep_keys(node.chat.background());
    let looking = cut_off::run(Arc::clone(&node));
    node.chat.background().keep_running("cut off", looking);
    Ok(node)
}

/// The settings with the secret of the data folder, where that is what signs.
fn with_own_secret(settings: &Arc<Settings>) -> anyhow::Result<Arc<Settings>> {
    let Some(secret) = own_secret::find_or_make(settings)? else {
        return Ok(Arc::clone(settings));
    };
    let mut settings = Settings::clone(settings);
    settings.auth.jwt_secret = Some(secret);
    Ok(Arc::new(settings))
}

/// A name for this life of the node: new at every start.
pub(crate) fn new_server_id() -> anyhow::Result<ServerId> {
    ServerId::new(format!("n_{:012x}", rand::random::<u64>() >> 16)).context("no server id")
}

/// The clients' server, and where it listens.
fn serve_clients(node: &Arc<Node>, listener: TcpListener) -> anyhow::Result<(Server, SocketAddr)> {
    let address = listeners::address_of(&listener)?;
    tell_where(&node.chat.peers, address);
    let for_factory = Arc::clone(node);
    // 0 is no limit to actix as well.
    let patience = Duration::from_millis(node.settings.limits.hello_ms);
    let server = Server::build()
        .workers(node.settings.worker_count())
        .max_concurrent_connections(usize::MAX >> 4)
        .disable_signals()
        .listen("clients", listener, move || {
            // Each thread that calls this becomes a worker, and there are as many
            // threads as inboxes; one that ended has given its own back.
            #[allow(clippy::expect_used)]
            let inbox = for_factory.chat.inboxes.claim().expect("an inbox for each");
            let worker = Worker::start(Arc::clone(&for_factory), inbox);
            let app = http::app(Arc::clone(&for_factory));
            let http = HttpService::build()
                .client_request_timeout(patience)
                .upgrade(native::upgrade_service(Rc::clone(&worker)))
                .h1(map_config(app, |()| AppConfig::default()))
                .tcp();
            native::in_front_of(http, worker)
        })
        .context("cannot serve clients")?;
    Ok((server.run(), address))
}

/// Says where clients reach this node. Of a listener on all addresses it is not
/// known before somebody came.
fn tell_where(peers: &Peers, address: SocketAddr) {
    let fixed = !address.ip().is_unspecified();
    let guess = || Some(SocketAddr::new(way_out()?, address.port()));
    peers.listens_at(if fixed { Some(address) } else { guess() }, fixed);
}

/// The address of this machine on its way to the rest of the world, if there is one.
fn way_out() -> Option<IpAddr> {
    // An address for examples: no packet is sent, but the way to it is a node's
    // way to the rest of the world.
    const ELSEWHERE: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect(ELSEWHERE).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// Runs a server in a task of its own.
fn run_apart(server: Server) -> (ServerHandle, tokio::task::JoinHandle<std::io::Result<()>>) {
    let handle = server.handle();
    (handle, actix_rt::spawn(server))
}

fn announce(node: &Node, clients: SocketAddr, operators: Option<SocketAddr>) {
    let workers = node.settings.worker_count();
    tracing::info!(node = %node.chat.server_id, workers, "chat at http://{clients}");
    if let Some(operators) = operators {
        tracing::info!("operators' view at http://{operators}");
    }
}

/// Said first, and again by nobody: where messages are, and how to keep them.
fn say_where_messages_are(settings: &Settings) {
    if settings.store != Engine::Embedded {
        return;
    }
    match settings.data_settings() {
        None => tracing::warn!(
            "everything is in the memory of this process and ends with it: name a folder that keeps it (--data DIR, embedded.data), or set store = \"redis\" to run several nodes"
        ),
        Some(data) => {
            let when = match data.sync {
                DataSync::EverySecond => "every second",
                DataSync::Always => "before it is answered",
            };
            let folder = std::path::absolute(&data.folder).unwrap_or(data.folder);
            tracing::info!(
                "everything is kept in the folder {}, written {when}",
                folder.display()
            );
        }
    }
}

/// Takes as many file descriptors as the system allows: one per connection.
fn raise_file_limit() {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(files) => tracing::debug!(files, "file descriptors"),
        Err(error) => {
            tracing::warn!(%error, "the limit of open files stays as it was; it bounds the connections")
        }
    }
}
