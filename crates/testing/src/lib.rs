//! Real servers for the tests of Rookery.
//!
//! Tests talk to a real redis-server on a port and in a folder of its own,
//! which is gone when the test is, over a network that may misbehave. This crate must never be a dependency of
//! anything but tests.

mod port;
mod proxy;
mod redis_copy;
mod redis_server;
mod shifted_clock;

pub use port::free_port;
pub use proxy::Proxy;
pub use redis_copy::RedisCopy;
pub use redis_server::RedisServer;
