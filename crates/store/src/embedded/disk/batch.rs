//! What is to be written in one step: puts and removals, in order, as one run of bytes.
//!
//! An append adds a few hundred bytes to one that is there already; nothing is allocated
//! for it alone.

use super::{checksum, tables::Table};

/// Puts and removals, in the order in which they are to be done.
#[derive(Debug, Default)]
pub(super) struct Batch(Vec<u8>);

/// One of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Operation<'a> {
    /// The value under this key from now on.
    Put(Table, &'a [u8], &'a [u8]),
    /// Nothing under this key.
    Remove(Table, &'a [u8]),
    /// Nothing from one key up to the other.
    RemoveRange(Table, &'a [u8], &'a [u8]),
}

const PUT: u8 = 0;
const REMOVE: u8 = 1;
const REMOVE_RANGE: u8 = 2;

/// What an emptied batch holds on to at most.
const KEPT_BYTES: usize = 1024;

impl Batch {
    pub(super) fn put(&mut self, table: Table, key: &[u8], value: &[&[u8]]) {
        self.begin(PUT, table);
        self.bytes(key);
        let sum = checksum::of(key, value);
        let len: usize = value.iter().map(|part| part.len()).sum();
        self.push_len(len + sum.len());
        for part in value {
            self.0.extend_from_slice(part);
        }
        self.0.extend_from_slice(&sum);
    }

    pub(super) fn remove(&mut self, table: Table, key: &[u8]) {
        self.begin(REMOVE, table);
        self.bytes(key);
    }

    pub(super) fn remove_range(&mut self, table: Table, from: &[u8], up_to: &[u8]) {
        self.begin(REMOVE_RANGE, table);
        self.bytes(from);
        self.bytes(up_to);
    }

    /// Adds what another one has, and empties that.
    pub(super) fn take_from(&mut self, other: &mut Self) {
        self.0.extend_from_slice(&other.0);
        other.0.clear();
        other.0.shrink_to(KEPT_BYTES);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many bytes it has.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// What is to be done, in order.
    pub(super) fn operations(&self) -> Operations<'_> {
        Operations(&self.0)
    }

    fn begin(&mut self, operation: u8, table: Table) {
        let table = Table::ALL.iter().position(|other| *other == table);
        self.0.push(operation);
        // Five tables fit.
        self.0.push(table.unwrap_or_default() as u8);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.push_len(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    fn push_len(&mut self, len: usize) {
        // No event is as large as four gigabytes.
        self.0.extend_from_slice(&(len as u32).to_be_bytes());
    }
}

/// Goes through a batch. It was written by this process, and is whole.
pub(super) struct Operations<'a>(&'a [u8]);

impl<'a> Operations<'a> {
    fn bytes(&mut self) -> Option<&'a [u8]> {
        let (len, rest) = self.0.split_first_chunk()?;
        let (bytes, rest) = rest.split_at_checked(u32::from_be_bytes(*len) as usize)?;
        self.0 = rest;
        Some(bytes)
    }
}

impl<'a> Iterator for Operations<'a> {
    type Item = Operation<'a>;

    fn next(&mut self) -> Option<Operation<'a>> {
        let ([operation, table], rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        let table = *Table::ALL.get(usize::from(*table))?;
        let key = self.bytes()?;
        Some(match *operation {
            PUT => Operation::Put(table, key, self.bytes()?),
            REMOVE => Operation::Remove(table, key),
            _ => Operation::RemoveRange(table, key, self.bytes()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out_in_order() {
        let mut batch = Batch::default();
        assert!(batch.is_empty());
        batch.put(Table::Events, b"k", &[b"va", b"lue"]);
        let mut more = Batch::default();
        more.remove(Table::Made, b"");
        more.remove_range(Table::Events, b"a", b"b");
        batch.take_from(&mut more);
        assert!(more.is_empty());
        let operations: Vec<_> = batch.operations().collect();
        let value = [b"value".as_slice(), &checksum::of(b"k", &[b"value"])].concat();
        let wanted = [
            Operation::Put(Table::Events, b"k", &value),
            Operation::Remove(Table::Made, b""),
            Operation::RemoveRange(Table::Events, b"a", b"b"),
        ];
        assert_eq!(operations, wanted);
    }
}
