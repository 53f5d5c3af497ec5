//! The command line: what `rookery` does, and the flags that every command takes.

mod backup;
mod check;
mod disconnect;
mod flags;
mod health;
mod rooms;
mod serve;
mod store;
mod tail;
mod token;
mod user;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

use flags::Flags;

/// A chat backbone that a team runs itself.
///
/// Without a command a node is served: a working chat at http://127.0.0.1:8080.
#[derive(Debug, Parser)]
#[command(name = "rookery", version)]
pub struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a node (what happens without a command).
    Serve,
    /// Print a token for a user, signed with auth.jwt_secret.
    Token(token::TokenArgs),
    /// Test the settings and what they point to, and say what is wrong.
    Check,
    /// Close all connections of a user, on all nodes; they may come back with a token.
    Disconnect(disconnect::DisconnectArgs),
    /// List the rooms of a cluster with their sizes, show one, take one away.
    Rooms(rooms::RoomsArgs),
    /// List, make, show, disable and delete accounts, and give them other passwords.
    User(user::UserArgs),
    /// Print what happens in all rooms, or in one, as it happens.
    Tail(tail::TailArgs),
    /// Copy a data folder into another, whether a node is using it or not.
    Backup(backup::BackupArgs),
    /// Ask a node whether it is ready; ends with 0 or 1, for container engines.
    Health(health::HealthArgs),
}

/// Carries out what the command line says; the exit status is that of the process.
pub fn run(cli: Cli) -> ExitCode {
    let Cli { flags, command } = cli;
    let done = match command.unwrap_or(Command::Serve) {
        Command::Serve => serve::serve(&flags),
        Command::Token(args) => token::token(&flags, &args),
        Command::Check => check::check(&flags),
        Command::Disconnect(args) => disconnect::disconnect(&flags, &args),
        Command::Rooms(args) => rooms::rooms(&flags, &args),
        Command::User(args) => user::user(&flags, &args),
        Command::Tail(args) => tail::tail(&flags, &args),
        Command::Backup(args) => backup::backup(&flags, &args),
        Command::Health(args) => health::health(&flags, &args),
    };
    done.unwrap_or_else(|error| {
        // Where nobody reads the error there is nothing left to do about it.
        let _ = writeln!(io::stderr(), "rookery: {error:#}");
        ExitCode::FAILURE
    })
}

/// One line on standard output.
fn say(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_may_stand_before_and_after_the_command() {
        for line in [
            ["rookery", "--store", "redis", "check"],
            ["rookery", "check", "--store", "redis"],
        ] {
            let cli = Cli::try_parse_from(line).unwrap();
            assert_eq!(cli.flags.settings(), [("store", "redis".to_owned())]);
        }
        assert!(Cli::try_parse_from(["rookery"]).unwrap().command.is_none());
    }
}
