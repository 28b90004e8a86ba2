//! What a person at the prompt relies on.

use crate::support::Row;

pub const FIRST_RUN: &[Row] = &[
    ("the REPL needs nothing", &["the_first_run_needs_nothing_and_says_so_in_three_lines"]),
    ("a script gets no demo answers silently", &["a_script_without_a_provider_gets_no_demo_answer"]),
    ("defaults < file < environment < flags", &["the_environment_wins_over_the_file_and_a_flag_over_both"]),
    (
        "Ctrl-C and Ctrl-D at the prompt",
        &[
            "ctrl_c_on_an_empty_prompt_says_how_to_leave_and_then_leaves_with_130",
            "ctrl_c_clears_the_line_and_up_brings_it_back",
            "ctrl_d_deletes_a_character_and_on_an_empty_line_leaves_with_0_and_says_how_to_come_back",
        ],
    ),
    ("an unknown /x is never sent", &["a_command_nobody_knows_is_an_error_and_never_sent"]),
    ("a key in the environment is enough", &["well_known_providers_need_only_a_key"]),
    (
        "the connection is opened ahead and can be left out",
        &["the_connection_is_opened_ahead_unless_that_is_switched_off"],
    ),
];

pub const CTRL_C: &[Row] = &[
    ("empty prompt", &["ctrl_c_on_an_empty_prompt_says_how_to_leave_and_then_leaves_with_130"]),
    ("text at the prompt", &["ctrl_c_clears_the_line_and_up_brings_it_back"]),
    ("waiting for the first token", &["ctrl_c_before_the_first_token_cancels_and_gives_the_prompt_back"]),
    (
        "streaming",
        &["ctrl_c_while_an_answer_streams_keeps_what_came", "a_second_ctrl_c_leaves_with_130_whatever_was_cancelled"],
    ),
    ("tool running", &["ctrl_c_cancels_a_tool_and_again_ends_its_server", "ctrl_d_is_ignored_while_a_tool_runs"]),
    ("approval question", &["ctrl_c_at_the_question_is_no_and_twice_ends_the_turn", "ctrl_d_at_a_question_is_no"]),
    ("ask", &["signals_in_ask_keep_the_partial_answer_and_end_the_request"]),
    ("Ctrl-D while waiting or streaming", &["ctrl_d_is_ignored_before_the_first_token_and_while_an_answer_streams"]),
];

pub const PROMPT: &[Row] = &[
    ("history from all conversations", &["up_knows_this_conversation_first_and_then_all_others"]),
    ("a paste is never sent", &["a_long_paste_is_a_label_in_the_line_and_whole_in_the_message"]),
    (
        "/copy, /show, /redraw, /set, /provider",
        &[
            "an_answer_and_its_code_are_copied",
            "messages_are_shown_and_drawn_again",
            "settings_hold_until_one_leaves",
            "providers_are_listed_and_changed",
        ],
    ),
    (
        "/attach, /role, /export",
        &[
            "at_the_prompt_files_are_attached_listed_dropped_and_named",
            "a_chat_puts_on_a_role_and_takes_it_off",
            "tab_offers_folders_behind_export",
        ],
    ),
    (
        "/undo, /edit, /fork, /search, /resume",
        &[
            "undo_takes_the_last_prompt_back_to_the_line",
            "an_edited_prompt_is_asked_in_place_of_the_last_one",
            "a_fork_goes_its_own_way",
            "a_search_leads_into_the_conversation",
        ],
    ),
    (
        "answers are rendered as they stream, and nothing is redrawn",
        &["an_answer_on_a_terminal_is_rendered_and_nothing_is_redrawn"],
    ),
    ("Enter, Alt-Enter, Ctrl-J, a backslash, a fence", &["a_text_of_several_lines_is_one_prompt_however_it_was_typed"]),
    ("Ctrl-X Ctrl-E", &["the_editor_gets_the_line_and_gives_it_back"]),
    ("Tab", &["tab_completes_and_a_bad_byte_loses_nothing"]),
    ("/approve", &["approve_shows_what_may_run"]),
    ("/new, /sessions, /rename, /system, /thinking, /usage, /model", &["commands_change_what_the_next_ones_see"]),
];
