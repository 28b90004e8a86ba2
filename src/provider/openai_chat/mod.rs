//! The chat-completions dialect of OpenAI and every compatible server.
