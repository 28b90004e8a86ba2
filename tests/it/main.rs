//! The integration tests, in one binary because linking is what takes the time.

#[cfg(test)]
mod accessible;
#[cfg(test)]
mod answer_parts;
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod ask;
#[cfg(test)]
mod attachments;
#[cfg(test)]
mod attachments_at_prompt;
#[cfg(test)]
mod attachments_kept;
#[cfg(test)]
mod background;
#[cfg(test)]
mod batch;
#[cfg(test)]
mod batch_saved;
#[cfg(test)]
mod budget;
#[cfg(test)]
#[cfg(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu"))]
mod build_script;
#[cfg(test)]
mod builtin_fetch;
#[cfg(test)]
mod builtin_files;
#[cfg(test)]
mod builtin_shell;
#[cfg(test)]
mod canary;
#[cfg(test)]
mod chat_lines;
#[cfg(test)]
mod clock_faults;
#[cfg(test)]
mod coming_from;
#[cfg(test)]
mod compare;
#[cfg(test)]
mod completions;
#[cfg(test)]
mod compression;
#[cfg(test)]
mod config_change;
#[cfg(test)]
mod context;
#[cfg(test)]
mod contract_rows;
#[cfg(test)]
mod cookbook;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod dialects;
#[cfg(test)]
mod disk_faults;
#[cfg(test)]
mod disk_writes;
#[cfg(test)]
mod fallback;
#[cfg(test)]
mod fault_rows;
#[cfg(test)]
mod follow;
#[cfg(test)]
mod history_archive;
#[cfg(test)]
mod history_commands;
#[cfg(test)]
mod history_repair;
#[cfg(test)]
mod history_repl;
#[cfg(test)]
mod history_secrets;
#[cfg(test)]
mod history_sql;
#[cfg(test)]
mod history_stats;
#[cfg(test)]
mod history_upkeep;
#[cfg(test)]
mod history_versions;
#[cfg(test)]
mod http2_faults;
#[cfg(test)]
mod interrupted_turns;
#[cfg(test)]
mod kept_answers;
#[cfg(test)]
mod keyring;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod kill_faults;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod lock_faults;
#[cfg(test)]
mod mcp_commands;
#[cfg(test)]
mod mcp_faults;
#[cfg(test)]
mod mcp_faults_at_work;
#[cfg(test)]
mod mcp_host;
#[cfg(test)]
mod mcp_http;
#[cfg(test)]
mod mcp_limits;
#[cfg(test)]
mod mcp_logs;
#[cfg(test)]
mod mcp_oauth;
#[cfg(test)]
mod mcp_processes;
#[cfg(test)]
mod mcp_resources;
#[cfg(test)]
mod mcp_serve;
#[cfg(test)]
mod mcp_turns;
#[cfg(test)]
mod meta;
#[cfg(test)]
mod models;
#[cfg(test)]
mod network_faults;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod pictures;
#[cfg(test)]
mod power_loss;
#[cfg(test)]
mod prewarm;
#[cfg(test)]
mod process_faults;
#[cfg(test)]
mod promises;
#[cfg(test)]
mod prompt;
#[cfg(test)]
mod prompt_settings;
#[cfg(test)]
mod providers;
#[cfg(test)]
mod proxies;
#[cfg(test)]
mod real_servers;
#[cfg(test)]
mod record;
#[cfg(test)]
mod rendering;
#[cfg(test)]
mod repl;
#[cfg(test)]
mod repl_branches;
#[cfg(test)]
mod repl_input;
#[cfg(test)]
mod repl_signals;
#[cfg(test)]
mod repl_terminal;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod say_so;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod setup;
#[cfg(test)]
mod shells;
#[cfg(test)]
mod sinks;
#[cfg(test)]
mod slips;
#[cfg(test)]
mod stdio;
#[cfg(test)]
mod storage_faults;
#[cfg(test)]
mod stream_faults;
#[cfg(test)]
mod support;
#[cfg(test)]
mod terminal_faults;
#[cfg(test)]
mod tools;
