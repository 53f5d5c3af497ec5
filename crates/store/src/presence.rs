//! The part of the interface that is about who is there, and about the nodes that say so.

use rookery_protocol::RoomId;

use crate::{GoneNode, Lease, Online, PresenceChange, Store, StoreError};

impl Store {
    /// Enters who of this node came and went. What is so already changes
    /// nothing; only real transitions, over all nodes, are published. Where the
    /// answer of one call was lost, the next one takes its place: what comes late
    /// of the earlier one does nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoLease`] where this node has no lease that the store knows
    /// of, and otherwise only where the store cannot be reached.
    pub async fn change_presence(&self, changes: &[PresenceChange]) -> Result<(), StoreError> {
        match self {
            Self::Embedded(engine) => {
                engine.change_presence(changes);
                Ok(())
            }
            Self::Redis(engine) => engine.change_presence(changes).await,
        }
    }

    /// Who is in a room, on any node. Nobody is in a room that is not there.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached.
    pub async fn online(&self, room: &RoomId) -> Result<Online, StoreError> {
        match self {
            Self::Embedded(engine) => Ok(engine.online(room)),
            Self::Redis(engine) => engine.online(room).await,
        }
    }

    /// Who is in each of several rooms, in their order: of as many of them as take
    /// little, and at least of the first.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached.
    pub async fn online_in(&self, rooms: &[RoomId]) -> Result<Vec<Online>, StoreError> {
        match self {
            Self::Embedded(engine) => Ok(rooms.iter().map(|room| engine.online(room)).collect()),
            Self::Redis(engine) => engine.online_in(rooms).await,
        }
    }

    /// Says that this node lives. What others wait for does not hold it up.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoLease`] behind [`Self::give_up_lease`], and otherwise only
    /// where the store cannot be reached.
    pub async fn renew_lease(&self) -> Result<Lease, StoreError> {
        match self {
            // No other node is there to take anything away.
            Self::Embedded(_) => Ok(Lease::Kept),
            Self::Redis(engine) => engine.renew_lease().await,
        }
    }

    /// Looks whether nodes are gone, takes away the presence of those that have
    /// been for long enough, and says which. Each node's is taken away by one
    /// survivor, once. To be called [`PresenceTimes::LOOKS`](crate::PresenceTimes::LOOKS)
    /// times in the time of a lease: a node is judged by what was seen from call to call.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached.
    pub async fn sweep_gone_nodes(&self) -> Result<Vec<GoneNode>, StoreError> {
        match self {
            // There are no other nodes.
            Self::Embedded(_) => Ok(Vec::new()),
            Self::Redis(engine) => engine.sweep_gone_nodes().await,
        }
    }

    /// Says that this node ends. Nothing is entered behind it, and its users
    /// count as there for the grace time, in which they may come back elsewhere;
    /// then another node takes them away. With the embedded engine there is no
    /// elsewhere, and all are taken away at once.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached.
    pub async fn give_up_lease(&self) -> Result<(), StoreError> {
        match self {
            Self::Embedded(engine) => {
                engine.give_up_lease();
                Ok(())
            }
            Self::Redis(engine) => engine.give_up_lease().await,
        }
    }
}
