//! The options of the commands around providers: keys, models, init, doctor.

use clap::{Args, Subcommand};

use super::setup::ListFormat;

#[derive(Clone, Debug, Subcommand)]
pub enum KeysCommand {
    /// Keep the key of a provider: asked for without showing it, or read from a pipe
    Set(KeysSetOptions),
    /// List where keys come from, never what they are
    List(KeysListOptions),
    /// Forget a key that was kept
    Rm(KeyOptions),
}

#[derive(Args, Clone, Debug)]
pub struct KeyOptions {
    /// The provider, as in `openrouter`
    #[arg(value_name = "PROVIDER")]
    pub provider: String,
}

#[derive(Args, Clone, Debug)]
pub struct KeysSetOptions {
    #[command(flatten)]
    pub of: KeyOptions,

    /// Keep it in the keyring of the system, not in a file (only in builds with the cargo feature `keyring`)
    #[arg(long)]
    pub keyring: bool,
}

#[derive(Args, Clone, Debug)]
pub struct KeysListOptions {
    /// How to write the list
    #[arg(long, value_enum, default_value = "table")]
    pub format: ListFormat,
}

#[derive(Clone, Debug, Subcommand)]
pub enum ModelsCommand {
    /// List the models of the providers that are set up
    List(ModelsListOptions),
    /// Tell what is known of one model: context, price, abilities
    Info(ModelInfoOptions),
    /// Ask the providers for their models again
    Refresh(ModelsRefreshOptions),
}

#[derive(Args, Clone, Debug)]
pub struct ModelsListOptions {
    /// Only those of this provider
    #[arg(value_name = "PROVIDER")]
    pub provider: Option<String>,

    /// Only those with this in their name
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,

    /// How to write the list
    #[arg(long, value_enum, default_value = "table")]
    pub format: ListFormat,
}

#[derive(Args, Clone, Debug)]
pub struct ModelInfoOptions {
    /// Which one, as -m takes it; the one that is asked when left out
    #[arg(value_name = "[PROVIDER:]MODEL")]
    pub model: Option<String>,

    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Clone, Debug)]
pub struct ModelsRefreshOptions {
    /// Only those of this provider
    #[arg(value_name = "PROVIDER")]
    pub provider: Option<String>,
}

#[derive(Args, Clone, Debug)]
pub struct InitOptions {
    /// Write the file without asking
    #[arg(short, long)]
    pub yes: bool,
}

#[derive(Args, Clone, Debug)]
pub struct DoctorOptions {
    /// Only the history, and all of it: its mode, size, free pages, integrity, who holds it
    #[arg(long)]
    pub history: bool,

    /// Print the findings as JSON
    #[arg(long)]
    pub json: bool,
}
