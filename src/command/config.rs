//! `sayso config path|show|check|schema`: texts about the configuration.
