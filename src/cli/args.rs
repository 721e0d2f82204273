//! Arguments of the command line as data, and their help.

use super::console::When;
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

/// Numeric arrays: compiled loops and blocked, parallel, out-of-core array programs in one small language.
///
/// `kiln FILE` runs a program, `kiln` alone on a terminal starts an interactive session.
#[derive(Parser)]
#[command(
    name = "kiln",
    version,
    override_usage = "kiln [OPTIONS] FILE [ARGS]\n       kiln [OPTIONS] -e CODE [ARGS]\n       kiln [OPTIONS] COMMAND"
)]
pub struct Args {
    /// Run CODE and show the value of its bare expressions
    #[arg(short = 'e', value_name = "CODE", allow_hyphen_values = true)]
    pub eval: Option<String>,
    #[command(flatten)]
    pub flags: Flags,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What all commands take.
#[derive(clap::Args, Clone)]
pub struct Flags {
    /// Threads that compute [default: all cores]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Memory that arrays may take: 512M, 2G, 1GiB [default: 70 % of what there is]
    #[arg(long, global = true, value_name = "SIZE", value_parser = super::size::parse)]
    pub memory: Option<u64>,
    /// Results and diagnostics as lines of JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Colours: always, auto or never; NO_COLOR is respected
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: When,
    /// No progress, no warnings
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say at the end where time and memory went
    #[arg(long, global = true)]
    pub profile: bool,
    /// Every integer overflow is an error
    #[arg(long, global = true)]
    pub checked: bool,
    /// Run compiled functions in the reference interpreter: slow, the same results
    #[arg(long, global = true)]
    pub interpret: bool,
}

#[derive(Subcommand)]
pub enum Command {
    /// Run a program; `-` reads it from stdin
    Run {
        file: PathBuf,
        /// What the program sees as `args`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Start an interactive session
    Repl,
    /// Find the errors of programs without running them
    Check {
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Format programs in place; `-` formats stdin to stdout
    Fmt {
        /// Change nothing; list the files that are not formatted and exit with 1
        #[arg(long)]
        check: bool,
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Show how a program would run: stages, blocks, bytes to read, peak memory
    Explain { file: PathBuf },
    /// Explain a built-in or an error code; without a name list the built-ins
    Doc { name: Option<String> },
    #[command(external_subcommand)]
    File(Vec<OsString>),
}
