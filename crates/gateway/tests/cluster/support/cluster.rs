//! Several nodes over one Redis.

use std::time::Duration;

use rookery_testing::{Proxy, RedisCopy, RedisServer};

use super::Node;

pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Node>,
    redis: Option<RedisServer>,
    /// What lies between the nodes and Redis, if anything.
    _link: Option<Proxy>,
    settings: Vec<(String, String)>,
}

impl Cluster {
    pub(crate) async fn start(nodes: usize) -> Self {
        Self::start_with(nodes, &[]).await
    }

    /// With these settings on every node, over a Redis that keeps what it answered.
    pub(crate) async fn start_with(nodes: usize, settings: &[(&str, &str)]) -> Self {
        let redis = RedisServer::start_with_append_only_file().unwrap();
        Self::over(redis, nodes, settings).await
    }

    /// The same with a Redis that is 15 to 25 ms away.
    pub(crate) async fn start_far_away(nodes: usize, settings: &[(&str, &str)]) -> Self {
        let redis = RedisServer::start_with_append_only_file().unwrap();
        let link = Proxy::to_port(redis.port()).unwrap();
        link.delay(Duration::from_millis(15), Duration::from_millis(10));
        Self::over_link(redis, Some(link), nodes, settings).await
    }

    /// Over this Redis.
    pub(crate) async fn over(redis: RedisServer, nodes: usize, settings: &[(&str, &str)]) -> Self {
        Self::over_link(redis, None, nodes, settings).await
    }

    async fn over_link(
        redis: RedisServer,
        link: Option<Proxy>,
        nodes: usize,
        settings: &[(&str, &str)],
    ) -> Self {
        let url = link.as_ref().map_or_else(|| redis.url(), Proxy::redis_url);
        let own = [("store", "redis"), ("redis.url", url.as_str())];
        let all = own.iter().chain(settings);
        let mut cluster = Self {
            nodes: Vec::new(),
            settings: all
                .map(|(key, value)| ((*key).into(), (*value).into()))
                .collect(),
            redis: Some(redis),
            _link: link,
        };
        for _ in 0..nodes {
            cluster.add_node().await;
        }
        cluster
    }

    pub(crate) async fn add_node(&mut self) {
        self.add_node_with(&[]).await;
    }

    /// One with settings of its own, which go before those of all.
    pub(crate) async fn add_node_with(&mut self, settings: &[(&str, &str)]) {
        let shared = self.settings.iter();
        let shared = shared.map(|(key, value)| (key.as_str(), value.as_str()));
        let settings: Vec<_> = shared.chain(settings.iter().copied()).collect();
        self.nodes.push(Node::start(&settings).await);
    }

    /// One that reaches Redis through a proxy.
    pub(crate) async fn add_node_behind(&mut self, proxy: &Proxy) {
        self.add_node_with(&[("redis.url", &proxy.redis_url())])
            .await;
    }

    pub(crate) fn redis(&self) -> &RedisServer {
        self.redis
            .as_ref()
            .expect("it is away only during a restart")
    }

    pub(crate) fn kill_redis(&mut self) {
        self.redis
            .as_mut()
            .expect("it is away only during a restart")
            .kill();
    }

    /// Starts Redis again after [`Self::kill_redis`], with what it had answered.
    pub(crate) async fn restart_redis(&mut self) {
        let mut redis = self.redis.take().expect("it is away only here");
        let starting = tokio::task::spawn_blocking(move || redis.restart().map(|()| redis));
        self.redis = Some(starting.await.unwrap().unwrap());
    }

    /// Ends Redis as a crash does and starts it again with what it had at an
    /// earlier time: everything since is lost, and neither it nor anybody else
    /// says so.
    pub(crate) async fn restart_redis_with(&mut self, copy: RedisCopy) {
        let mut redis = self.redis.take().expect("it is away only here");
        let starting = tokio::task::spawn_blocking(move || {
            redis.restart_with(&copy)?;
            anyhow::Ok(redis)
        });
        self.redis = Some(starting.await.unwrap().unwrap());
    }

    /// Cuts the shared channel of every node, for as long as they need to come back.
    pub(crate) fn cut_shared_channel(&self) {
        self.redis()
            .command(&["CLIENT", "KILL", "TYPE", "pubsub"])
            .unwrap();
    }
}
