//! The one thread that writes.

use std::{io, sync::Arc, thread, time::Duration};

use redb::Durability;
use tokio::sync::oneshot;

use super::{
    Disk,
    batch::{Batch, Operation},
    failure, folder,
    queue::Taken,
    tables::Table,
};
use crate::Supervisor;

/// How long it is waited before what failed is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// Starts the thread. That it ends before it is told to is the end of the node.
pub(super) fn start(disk: &Arc<Disk>, supervisor: &Supervisor) -> io::Result<()> {
    let writer = Writer(Arc::clone(disk));
    let (told_to, ended) = oneshot::channel();
    let run = move || {
        run(&writer.0);
        drop(writer);
        // Nobody may listen any more.
        let _ = told_to.send(());
    };
    thread::Builder::new()
        .name("data folder".to_owned())
        .spawn(run)?;
    let watching = async {
        if ended.await.is_ok() {
            std::future::pending().await
        }
    };
    tokio::spawn(supervisor.endless("data folder", watching));
    Ok(())
}

/// What the thread has; however it ends, nobody waits for it any longer then.
struct Writer(Arc<Disk>);

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.queue.note_end();
    }
}

/// Writes until the queue is closed.
fn run(disk: &Disk) {
    loop {
        let Taken {
            batch,
            number,
            last,
        } = disk.queue.take(disk.sync);
        let written = batch.is_empty() || write_in_the_end(disk, &batch);
        if written {
            disk.queue.note_written(number);
            disk.forget_removed();
        }
        if last || !written {
            end(disk, written);
            return;
        }
    }
}

/// Tries until it is written; false where it is not, and everything ends.
fn write_in_the_end(disk: &Disk, batch: &Batch) -> bool {
    let mut said = false;
    loop {
        let Err(error) = failure::caught(|| write(disk, batch)) else {
            if said {
                tracing::info!("the data folder is written again");
            }
            return true;
        };
        let words = failure::words(disk.folder.path(), &error);
        if !said {
            tracing::error!("{words}");
            said = true;
        }
        disk.queue.note_trouble(&words);
        if disk.queue.is_closing() {
            tracing::error!("ended without what was to be written last: {words}");
            return false;
        }
        thread::sleep(TRY_AGAIN);
        // After a failure the database takes nothing more before it was opened anew. Where
        // that fails there is none, and writing says so.
        disk.reopen();
    }
}

fn write(disk: &Disk, batch: &Batch) -> Result<(), redb::Error> {
    let database = disk.database.read();
    let database = database.as_ref().ok_or(redb::Error::DatabaseClosed)?;
    let durability = match disk.forgetful {
        // Only where it is not to outlive the process.
        true => Durability::None,
        false => Durability::Immediate,
    };
    let writing = folder::begin_write(database, durability)?;
    let (mut operations, mut ranges) = (Vec::new(), Vec::new());
    for operation in batch.operations() {
        match operation {
            Operation::Put(table, key, value) => operations.push((table as u8, key, Some(value))),
            Operation::Remove(table, key) => operations.push((table as u8, key, None)),
            Operation::RemoveRange(table, from, up_to) => ranges.push((table, from, up_to)),
        }
    }
    // Neighbours lie together; of those with one key the last one counts.
    operations.sort_by(|one, other| (one.0, one.1).cmp(&(other.0, other.1)));
    for of_table in operations.chunk_by(|one, other| one.0 == other.0) {
        let table = Table::ALL[usize::from(of_table[0].0)];
        let mut table = writing.open_table(table.definition())?;
        for of_key in of_table.chunk_by(|one, other| one.1 == other.1) {
            match of_key[of_key.len() - 1] {
                (_, key, Some(value)) => drop(table.insert(key, value)?),
                (_, key, None) => drop(table.remove(key)?),
            }
        }
    }
    // A room that is gone gets nothing more, so these come last.
    for (table, from, up_to) in ranges {
        let mut table = writing.open_table(table.definition())?;
        table.retain_in::<&[u8], _>(from..=up_to, |_, _| false)?;
    }
    writing.commit()?;
    Ok(())
}

/// Writes how it ended, and closes the database.
fn end(disk: &Disk, clean: bool) {
    let database = disk.database.write().take();
    if let (Some(database), true) = (database, clean) {
        let mark = disk.mark(true);
        let ending = failure::caught(|| {
            let writing = folder::begin_write(&database, Durability::Immediate)?;
            folder::write_mark(&writing, &mark)?;
            writing.commit()?;
            Ok(())
        });
        if let Err(error) = ending {
            tracing::error!("{}", failure::words(disk.folder.path(), &error));
        }
    }
    disk.folder.release();
}
