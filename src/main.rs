//! The program `kiln`. All of it is in the library's `cli`.

fn main() -> std::process::ExitCode {
    kiln::cli::main()
}
