//! Fields that may be `null`, which is something else than not to be there.

use serde::{Deserialize, Deserializer};

/// Tells a field that is `null` from one that is not there.
pub(super) fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    json: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(json).map(Some)
}
