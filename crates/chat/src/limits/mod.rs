//! What somebody may ask for, and how much of it may wait for them, whatever
//! way they come in.

mod address_block;
mod allowance;
mod allowances;
mod answers;
mod budget;
mod keyed;
mod purges;
mod reactions;

pub use address_block::AddressBlock;
pub use allowances::Allowances;
pub(crate) use allowances::run as forget_allowances;
pub use answers::{Answers, Claim, TooMuch};
pub(crate) use answers::{ROOMS_IN_WELCOME, ROW_BYTES, UserShare, carry};
pub(crate) use budget::Budget;
pub use budget::Share;
pub(crate) use purges::Purges;
pub(crate) use reactions::{Gathered, Gathering, Given, Reactions};
