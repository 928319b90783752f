//! The program: installs the crypto provider, becomes a rehearsal's tool where it is called as one, runs the command line.

use clap::Parser;
use landfall::cli::Cli;

fn main() -> std::process::ExitCode {
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        eprintln!("landfall: another TLS provider is installed already");
        return std::process::ExitCode::FAILURE;
    }
    let mut words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    let name = words.next().unwrap_or_default();
    let environment = std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
        .collect();
    if let Some(code) = landfall_rehearsal::tools::run_as(&name, &words.collect::<Vec<_>>(), &environment) {
        return exit(code);
    }
    no_core_dumps();
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(cli.run());
            // A look that still hangs somewhere must not keep a person from their prompt.
            runtime.shutdown_background();
            exit(code)
        }
        Err(error) => {
            eprintln!("landfall: the runtime cannot start: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn exit(code: i32) -> std::process::ExitCode {
    std::process::ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// Secrets pass through memory; a core dump would keep them.
fn no_core_dumps() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
    // Where the kernel pipes dumps to a program, the limit does not hold (core(5)).
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}
