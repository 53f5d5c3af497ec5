//! Publishing without being a node.

use fred::interfaces::PubsubInterface;

use super::{connector::Connector, failure};
use crate::{RedisSettings, StoreError};

/// See [`crate::announce`].
pub(crate) async fn announce(settings: &RedisSettings, payload: String) -> Result<u64, StoreError> {
    let connector = Connector::new(settings)?;
    let (connection, _driver) = connector
        .commands()
        .await
        .map_err(|error| failure::store_error(&error))?;
    let publishing = connection.client().publish(&*connector.channel, payload);
    connection.run(publishing).await
}
