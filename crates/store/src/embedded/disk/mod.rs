//! What the embedded engine keeps in a folder, where it has one.
//!
//! Memory has what is in use and is always ahead: whatever changes is written behind it,
//! by one thread, in the order in which it happened, many steps at once. What is not in
//! memory is read when it is used; it is never older than what was let go of, since only
//! what is written is.

mod backup;
mod batch;
mod check;
mod checksum;
mod control;
mod database;
mod documents;
mod failure;
mod folder;
mod head;
mod journal;
mod loaded;
mod mark;
mod queue;
mod read;
mod record;
mod tables;
mod writer;

use std::{
    collections::HashMap,
    sync::{Arc, atomic::AtomicU32},
};

use parking_lot::{Mutex, RwLock};
use redb::Durability;
use rookery_protocol::{InviteCode, RoomId, User, UserId};

use self::{
    batch::Batch, database::OpenDatabase, folder::Folder, mark::Mark, queue::Queue, tables::Table,
};
use crate::{DataSettings, DataSync, StoreError, Supervisor};

pub use backup::{Backup, backup};
pub(crate) use check::check;
pub(super) use head::RoomHead;
pub(super) use journal::Journal;
pub(super) use queue::BatchNumber;
pub(super) use read::Glance;
pub(super) use record::{KeptEvent, Record};
pub(super) use tables::RoomNumber;

/// So many numbers of rooms are set aside at once.
const SET_ASIDE: u64 = 100_000;

/// The folder, what waits to be written there, and what can be read.
#[derive(Debug)]
pub(super) struct Disk {
    folder: Folder,
    sync: DataSync,
    /// Whether nothing stays in memory: see [`DataSettings::forgetful`].
    forgetful: bool,
    /// How long a room that is not used stays in memory.
    idle_ms: u64,
    /// What of it is in memory, and from how many bytes on less should be; 0 is no limit.
    loaded: loaded::AllLoaded,
    most_loaded: usize,
    /// How often the end of what was written may have been lost.
    generation: u64,
    nonce_key: u128,
    /// `None` while it is opened anew, and when it is closed.
    database: RwLock<Option<OpenDatabase>>,
    queue: Queue,
    numbers: Mutex<Numbers>,
    /// Rooms whose removal is still to be written, by when it is.
    removed: Mutex<HashMap<RoomId, BatchNumber>>,
    control: Mutex<Option<control::Control>>,
    /// How often everything was forgotten.
    forgotten: AtomicU32,
}

#[derive(Debug)]
struct Numbers {
    last: u64,
    set_aside: u64,
}

impl Disk {
    /// Opens a folder, which is made where there is none. Must be called in a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`StoreError::Broken`] where it is damaged, somebody else's, or in use.
    pub(super) fn open(
        settings: &DataSettings,
        supervisor: &Supervisor,
    ) -> Result<Arc<Self>, StoreError> {
        let folder = Folder::take(&settings.folder, settings.cache_bytes)?;
        let (database, found) = folder.open(settings.sync)?;
        if found.may_have_lost() {
            tracing::warn!(
                "the data folder was not closed the last time: what was written in the last second before may be lost, and rooms go on in other epochs"
            );
        }
        let numbers = Numbers {
            last: found.rooms,
            set_aside: found.rooms + SET_ASIDE,
        };
        let disk = Self {
            sync: settings.sync,
            forgetful: settings.forgetful,
            idle_ms: u64::try_from(settings.idle.as_millis()).unwrap_or(u64::MAX / 4),
            loaded: loaded::AllLoaded::default(),
            most_loaded: settings.loaded_bytes,
            generation: found.generation + u64::from(found.may_have_lost()),
            nonce_key: found.nonce_key,
            database: RwLock::new(None),
            queue: Queue::new(settings.waiting_bytes, settings.write_timeout),
            numbers: Mutex::new(numbers),
            removed: Mutex::default(),
            control: Mutex::default(),
            forgotten: AtomicU32::new(0),
            folder,
        };
        disk.write_at_once(&database, &disk.mark(false))?;
        *disk.database.write() = Some(database);
        let disk = Arc::new(disk);
        writer::start(&disk, supervisor).map_err(|error| {
            StoreError::Broken(format!(
                "cannot start a thread for the data folder: {error}"
            ))
        })?;
        *disk.control.lock() = control::Control::start(&disk);
        Ok(disk)
    }

    fn write_at_once(&self, database: &OpenDatabase, mark: &Mark) -> Result<(), StoreError> {
        let writing = || {
            let writing = folder::begin_write(database, Durability::Immediate)?;
            // One that an earlier version made may not have all of them.
            for table in Table::ALL {
                writing.open_table(table.definition())?;
            }
            folder::write_mark(&writing, mark)?;
            writing.commit()?;
            Ok::<_, redb::Error>(())
        };
        failure::caught(writing).map_err(|error| failure::of_call(self.folder.path(), error))
    }

    /// Has everything written that waits, and lets go of the folder. Nothing can be
    /// written or read any more.
    pub(super) fn close(&self) {
        drop(self.control.lock().take());
        self.queue.close();
    }

    /// Whether an answer has to wait until what it tells is written.
    pub(super) fn answers_wait(&self) -> bool {
        self.sync == DataSync::Always
    }

    /// How long a room that is not used stays in memory.
    pub(super) fn idle_ms(&self) -> u64 {
        self.idle_ms
    }

    /// Whether more of it is in memory than should be.
    pub(super) fn is_over_full(&self) -> bool {
        self.most_loaded != 0 && self.loaded.bytes() > self.most_loaded
    }

    /// See [`Queue::until_written`].
    pub(super) async fn until_written(&self, number: BatchNumber) -> Result<(), StoreError> {
        self.queue.until_written(number).await
    }

    pub(super) fn has_written(&self, number: BatchNumber) -> bool {
        self.queue.has_written(number)
    }

    /// Why nothing can be written for now, if so.
    pub(super) fn trouble(&self) -> Result<(), StoreError> {
        self.queue.trouble()
    }

    pub(super) fn nonce_key(&self) -> u128 {
        self.nonce_key
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) fn is_forgetful(&self) -> bool {
        self.forgetful
    }

    /// For tests: everything is written, and now and then the folder closed and opened, as
    /// at the end of a process and the start of another.
    pub(super) fn forget(&self) {
        const OPENED_AFTER: u32 = 32;
        self.queue.write_all();
        let forgotten = &self.forgotten;
        let times = forgotten.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if times % OPENED_AFTER == OPENED_AFTER - 1 {
            if let Some(database) = &*self.database.read() {
                let _ = self.write_at_once(database, &self.mark(false));
            }
            self.reopen();
        }
    }

    /// A number for a room that is made.
    pub(super) fn new_room(&self) -> RoomNumber {
        let mut numbers = self.numbers.lock();
        numbers.last += 1;
        let number = RoomNumber(numbers.last);
        if numbers.last == numbers.set_aside {
            numbers.set_aside += SET_ASIDE;
            drop(numbers);
            let mut step = Batch::default();
            let mark = self.mark(false).to_bytes();
            step.put(Table::Meta, tables::MARK, &[&mark]);
            self.push(&mut step);
        }
        number
    }

    /// The room is gone with everything in it.
    pub(super) fn remove_room(&self, id: &RoomId, number: RoomNumber) -> BatchNumber {
        let mut step = Batch::default();
        step.remove(Table::Rooms, &tables::room(id));
        let (from, up_to) = (tables::event(number, 0), tables::event(number, u64::MAX));
        step.remove_range(Table::Events, &from, &up_to);
        let (from, up_to) = tables::people(number);
        step.remove_range(Table::People, &from, &up_to);
        // Entered before it can be written, since it is struck out then.
        let mut removed = self.removed.lock();
        let batch = self.push(&mut step);
        removed.insert(id.clone(), batch);
        batch
    }

    /// A user is a member of a room, and has looked at it up to a number; or is none.
    pub(super) fn note_member(
        &self,
        user: &UserId,
        room: &RoomId,
        read: Option<u64>,
    ) -> BatchNumber {
        let mut step = Batch::default();
        let key = tables::member(user, room);
        match read {
            Some(seq) => step.put(Table::Members, &key, &[&seq.to_be_bytes()]),
            None => step.remove(Table::Members, &key),
        }
        self.push(&mut step)
    }

    /// When all rooms that a user has made are paid off, if they are not.
    pub(super) fn note_made(&self, user: &UserId, paid_at: Option<u64>) -> BatchNumber {
        let mut step = Batch::default();
        let key = user.as_str().as_bytes();
        match paid_at {
            Some(at) => step.put(Table::Made, key, &[&at.to_be_bytes()]),
            None => step.remove(Table::Made, key),
        }
        self.push(&mut step)
    }

    /// What people call a user.
    pub(super) fn note_person(&self, user: &User) -> BatchNumber {
        let mut step = Batch::default();
        let name = user.name.as_bytes();
        step.put(Table::Persons, user.id.as_str().as_bytes(), &[name]);
        self.push(&mut step)
    }

    /// A code of an invitation leads to a room, or nowhere.
    pub(super) fn note_code(&self, code: &InviteCode, room: Option<&RoomId>) -> BatchNumber {
        let mut step = Batch::default();
        let key = tables::code(code);
        match room {
            Some(room) => step.put(Table::People, &key, &[room.as_str().as_bytes()]),
            None => step.remove(Table::People, &key),
        }
        self.push(&mut step)
    }

    fn push(&self, step: &mut Batch) -> BatchNumber {
        self.queue.push(step, self.sync)
    }

    /// Whether a room that may lie there is gone.
    fn is_removed(&self, id: &RoomId) -> bool {
        let removed = self.removed.lock();
        removed
            .get(id)
            .is_some_and(|batch| !self.has_written(*batch))
    }

    fn forget_removed(&self) {
        let mut removed = self.removed.lock();
        removed.retain(|_, batch| !self.has_written(*batch));
        if removed.is_empty() {
            *removed = HashMap::new();
        }
    }

    fn mark(&self, clean: bool) -> Mark {
        let numbers = self.numbers.lock();
        Mark {
            layout: mark::LAYOUT,
            clean,
            sync: self.sync,
            generation: self.generation,
            rooms: match clean {
                true => numbers.last,
                false => numbers.set_aside,
            },
            nonce_key: self.nonce_key,
        }
    }

    /// Closes the database and opens it anew. Where that fails there is none until it is
    /// tried again.
    fn reopen(&self) {
        let mut database = self.database.write();
        drop(database.take());
        match self.folder.reopen() {
            Ok(opened) => *database = Some(opened),
            Err(error) => tracing::debug!(%error, "the data folder cannot be opened again yet"),
        }
    }
}
