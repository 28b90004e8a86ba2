//! What each command does, which model is asked, what tools may, and what is kept.

use crate::support::Row;

pub const MODELS: &[Row] = &[
    (
        "-f: files, folders, patterns, pages, stdin",
        &[
            "texts_images_and_pdfs_go_out_in_every_dialect",
            "folders_and_patterns_leave_out_what_nobody_means",
            "lines_of_a_file_and_standard_input_are_attached_too",
            "a_page_goes_along_as_text_and_the_network_around_stays_out_of_reach",
        ],
    ),
    (
        "-m twice and more",
        &[
            "answers_come_one_after_the_other_under_their_models",
            "they_are_branches_of_one_prompt_and_the_first_good_one_goes_on",
        ],
    ),
    (
        "--role, --role-file",
        &["a_role_says_what_is_asked_and_how", "a_script_is_a_role", "a_conversation_keeps_its_role"],
    ),
    (
        "--record, --replay, api: replay",
        &[
            "every_dialect_is_played_without_a_key_and_without_a_network",
            "a_provider_of_the_configuration_plays_a_record",
        ],
    ),
    (
        "--max-cost, --max-tokens-total, budget",
        &[
            "a_day_ends_when_its_tokens_are_used",
            "sixteen_processes_at_once_never_spend_more",
            "tokens_of_a_run_are_limited_too_and_an_unknown_price_is_told_once",
        ],
    ),
    ("--format markdown, --width", &["a_pipe_gets_the_exact_text_unless_it_asks_for_more"]),
    (
        "keys set, list, rm",
        &[
            "a_key_from_a_pipe_is_kept_used_listed_and_forgotten",
            "a_typed_key_is_not_on_the_screen_and_the_terminal_echoes_again",
        ],
    ),
    (
        "models list, info, refresh",
        &[
            "a_list_comes_from_the_provider_and_then_from_the_cache",
            "what_is_known_of_a_model_is_told_and_a_slip_is_understood",
        ],
    ),
    ("fallback", &["a_provider_that_is_down_or_full_is_replaced_and_that_is_said"]),
    ("context", &["the_oldest_turns_are_left_out_with_a_notice_and_stay_in_the_history"]),
    (
        "init, doctor",
        &[
            "init_finds_a_server_on_this_machine_writes_a_file_and_has_nothing_to_add_then",
            "doctor_finds_everything_in_order_where_it_is",
        ],
    ),
    (
        "config get, set, edit",
        &[
            "a_setting_is_printed_for_a_script",
            "a_setting_is_changed_and_comments_and_mode_stay",
            "an_edited_file_is_checked_before_it_counts",
        ],
    ),
    (
        "-m twice on a wide terminal",
        &["a_wide_terminal_shows_answers_side_by_side", "a_model_that_is_slow_holds_up_the_others_for_three_seconds"],
    ),
    (
        "config path, show, check, schema",
        &[
            "the_configuration_has_its_place_its_schema_and_a_file_of_ones_own",
            "a_check_tells_warnings_and_who_is_asked",
        ],
    ),
    (
        "all mistakes of the configuration at once, with places",
        &["mistakes_of_the_configuration_are_told_all_at_once_with_their_places"],
    ),
    (
        "a mapping that stands twice is merged, a scalar is an error",
        &["a_mapping_that_stands_twice_is_merged_and_told", "a_scalar_that_stands_twice_names_both_lines"],
    ),
    (
        "a configuration written for the guide loads unchanged",
        &["a_configuration_written_for_the_guide_loads_unchanged"],
    ),
    ("every setting stands in the example with its default", &["the_example_has_every_setting_with_its_default"]),
    (
        "keys from the environment, a command, a private file, the configuration; never the command line",
        &[
            "a_key_comes_from_a_command_or_a_private_file",
            "a_key_file_that_others_can_touch_is_told_or_refused",
            "the_environment_comes_before_a_stored_key_and_that_is_told",
        ],
    ),
];

pub const COMMANDS: &[Row] = &[
    (
        "batch",
        &[
            "every_row_has_its_line_in_the_order_of_the_rows",
            "however_often_it_is_killed_each_row_is_answered_once",
            "shards_take_each_row_once_and_their_results_merge",
        ],
    ),
    (
        "history list, show, search",
        &[
            "a_list_is_filtered_and_written_for_each_reader",
            "a_search_shows_the_words_around_with_the_finds_marked",
            "branches_and_times_are_shown",
        ],
    ),
    (
        "history rename, fork, pin, rm",
        &["a_conversation_is_renamed_pinned_forked_and_deleted", "a_conversation_that_is_in_use_is_not_deleted"],
    ),
    (
        "history export, import",
        &[
            "what_is_exported_comes_back_the_same_to_the_byte",
            "export_writes_the_conversation_to_a_file_and_never_over_one",
        ],
    ),
    (
        "history diff, follow",
        &["a_diff_tells_what_two_answers_do_not_share", "a_running_answer_is_printed_as_it_grows"],
    ),
    ("stats", &["turns_are_counted_once_by_everything"]),
    (
        "mcp call, add, rm, import, trust",
        &[
            "a_tool_is_called_without_a_model",
            "a_server_goes_into_the_file_and_out_again_and_the_rest_stays_byte_for_byte",
            "servers_of_other_programs_are_taken_over",
            "a_project_is_ignored_until_it_is_trusted_as_it_is",
        ],
    ),
    (
        "completions, shell-init, man",
        &[
            "completion_files_are_up_to_date",
            "tab_offers_the_names_of_this_machine",
            "a_key_writes_a_command_and_never_runs_it",
            "each_command_gets_a_page_of_the_manual",
        ],
    ),
    ("all of them are there", &["every_promised_command_and_option_is_there", "every_promised_slash_command_is_known"]),
    ("every list, show and search in four formats", &["every_list_show_and_search_has_its_four_formats"]),
    ("batch --save", &["saved_rows_are_conversations_that_go_on", "many_batches_at_once_save_all_of_their_rows"]),
    ("history backup", &["a_backup_is_whole_private_and_overwrites_nothing"]),
    (
        "history prune: nothing without a limit, never what is pinned, by itself after an answer",
        &[
            "without_a_limit_nothing_is_ever_deleted",
            "age_and_messages_and_names_count_each_for_themselves",
            "it_runs_by_itself_after_an_answer_and_not_again_within_the_interval",
        ],
    ),
    ("history scrub", &["scrub_masks_everywhere_and_leaves_no_bytes"]),
    (
        "history sql",
        &["the_views_can_be_asked_in_every_format", "what_is_no_select_over_the_views_is_refused_and_changes_nothing"],
    ),
    ("history check, recover", &["check_tells_damage_and_what_to_do", "any_damaged_page_costs_only_what_was_on_it"]),
    ("history rm asks a person", &["a_person_is_asked_before_anything_is_deleted"]),
    (
        "mcp list, tools, resources, prompts, read",
        &["resources_and_prompts_are_listed_and_read", "every_list_show_and_search_has_its_four_formats"],
    ),
    (
        "mcp login, logout, serve, exercise",
        &[
            "signing_in_keeps_a_token_and_signing_out_forgets_it",
            "harmless_servers_are_served_in_both_revisions_of_the_protocol",
            "requests_share_connections_and_carry_the_headers",
        ],
    ),
    ("help", &["topics_and_commands_have_help", "every_promised_command_and_option_is_there"]),
];

pub const TOOLS: &[Row] = &[
    (
        "no tool without a say-so",
        &["without_a_say_so_nothing_external_runs", "without_a_person_what_needs_a_say_so_is_denied_with_exit_10"],
    ),
    (
        "y, n, a, e, ?",
        &["a_person_says_yes_and_no", "always_is_asked_once", "the_arguments_can_be_edited_before_the_call_runs"],
    ),
    (
        "harmless ones by default, --no-tools none, -t adds",
        &["harmless_tools_are_offered_and_run_without_a_question", "no_tools_means_none"],
    ),
    ("--allow", &["an_option_allows_a_tool_for_one_run"]),
];

pub const DURABILITY: &[Row] = &[
    ("the prompt is on disk before the request", &["the_prompt_is_on_disk_before_the_answer_begins"]),
    (
        "kill -9 loses at most the window",
        &[
            "kill_9_at_any_moment_with_persist_on_loses_at_most_the_window",
            "kill_9_with_persist_off_keeps_the_prompt_and_marks_the_answer",
        ],
    ),
    ("no finished message is lost", &["no_finished_message_is_lost_and_nothing_is_corrupt_when_the_power_goes"]),
    ("what was cut off can be continued", &["an_interrupted_answer_can_be_continued"]),
    ("after kill -9 no child is left", &["after_kill_9_nothing_is_left_within_three_seconds"]),
    ("private files", &["files_are_0600_and_folders_0700_whatever_the_umask"]),
    ("keys are nowhere", &["no_fault_and_no_verbosity_gives_the_key_away", "no_command_gives_the_key_away"]),
    ("a panic keeps what came", &["a_panic_is_one_line_and_keeps_what_came"]),
    (
        "every stop that can be handled keeps what came",
        &[
            "signals_in_ask_keep_the_partial_answer_and_end_the_request",
            "timeout_is_exit_124_and_keeps_what_came",
            "head_1_stops_the_request_within_a_second_without_a_word",
        ],
    ),
    ("a history that cannot be written can be read", &["a_read_only_mount_is_told_once_and_can_be_read"]),
];
