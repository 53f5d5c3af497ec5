//! The rules of the store, to which both engines are held.
//!
//! Each rule is written once, in the module of what it is about, as a case
//! that is given a [`Place`](place::Place) to make stores in. This page says
//! which case runs on which engine: the Redis ones against a real redis-server
//! of their own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a case that panics is a rule that is broken"
)]

mod accounts;
mod append;
mod bus;
mod catch_up;
mod check;
mod counting;
mod directory;
mod empty_rooms;
mod feed;
mod find_people;
mod forks;
mod history;
mod invites;
mod join;
mod keys;
mod lifetime;
mod membership;
mod nodes;
mod nonce;
mod outage;
mod overwrite;
mod people;
mod pins;
mod place;
mod presence;
mod reactions;
mod retention;
mod rollback;
mod rooms;
mod user_limits;

/// Makes a test of each case.
macro_rules! cases {
    ($place:expr; $($module:ident::$case:ident,)*) => {
        $(
            #[tokio::test]
            async fn $case() {
                crate::$module::$case($place).await;
            }
        )*
    };
}

/// Makes a test per engine of each case, and more for the ways in which one is set up: the
/// embedded one with a folder that is written in either way, or read anew for each step;
/// and a Redis in cluster mode.
macro_rules! cases_of_both_engines {
    ($($module:ident::$case:ident,)*) => {
        mod embedded {
            cases!(crate::place::Place::embedded(); $($module::$case,)*);
        }
        mod embedded_on_disk {
            cases!(crate::place::Place::on_disk(); $($module::$case,)*);
        }
        mod embedded_on_disk_always {
            cases!(crate::place::Place::on_disk_always(); $($module::$case,)*);
        }
        mod embedded_opened_again {
            cases!(crate::place::Place::opened_again(); $($module::$case,)*);
        }
        mod redis {
            cases!(crate::place::Place::redis(); $($module::$case,)*);
        }
        mod redis_in_cluster_mode {
            cases!(crate::place::Place::redis_in_cluster_mode(); $($module::$case,)*);
        }
    };
}

cases_of_both_engines! {
    append::numbers_begin_at_one_and_have_no_holes,
    append::each_room_counts_for_itself,
    append::a_room_that_is_not_there_takes_nothing,
    append::events_are_byte_for_byte_as_composed,
    append::every_kind_of_event_is_in_the_log,
    append::time_is_now_and_never_falls,
    append::appends_take_their_place_when_called,
    append::a_burst_is_stored_whole,
    append::a_dropped_future_is_carried_out,
    append::many_writers_share_one_room,

    nonce::nonce_is_remembered,
    nonce::nonce_belongs_to_user_and_room,
    nonce::nonces_and_users_do_not_run_into_each_other,
    nonce::nonce_outlives_its_event,
    nonce::nonce_sent_many_times_at_once_is_stored_once,
    nonce::nonce_is_published_once,

    join::a_room_is_made_where_it_may_be,
    join::a_room_has_a_readable_name,
    join::a_room_says_how_long_messages_live,
    join::without_a_cursor_the_latest_messages_come,
    join::a_cursor_is_caught_up_with_raw_events,
    join::a_cursor_that_cannot_be_served_gets_messages,
    join::catch_up_has_an_exact_limit,
    join::events_after_are_contiguous,
    join::heads_are_in_the_order_asked,

    history::pages_before,
    history::pages_after,
    history::pages_around,
    history::other_kinds_of_events_are_skipped,
    history::far_more_other_events_than_messages_are_skipped,
    history::numbers_out_of_range_are_fine,
    history::a_room_that_is_not_there_has_no_history,

    retention::no_reader_sees_more_than_the_latest_events,
    retention::a_cursor_before_the_oldest_event_gets_messages,
    retention::without_a_limit_all_is_kept,

    lifetime::events_say_when_they_are_gone,
    lifetime::each_event_is_gone_in_time_and_no_earlier,
    lifetime::what_expired_is_not_caught_up,
    lifetime::a_lifetime_and_a_limit_go_together,
    lifetime::numbers_go_on_when_all_is_gone,

    rollback::a_lost_log_is_made_anew_after_what_is_known,
    rollback::a_lost_log_is_made_anew_by_a_join,
    rollback::a_log_behind_what_is_known_gets_a_new_epoch,
    rollback::a_join_finds_a_rolled_back_log,
    rollback::a_log_that_ends_before_what_is_known_is_left_behind_at_once,
    rollback::a_log_that_is_gone_is_there_again_when_it_is_confirmed,
    rollback::many_are_confirmed_at_once_and_what_is_right_stays,
    rollback::what_is_known_rightly_changes_nothing,

    bus::appends_are_published_in_order,
    bus::a_lifetime_stands_in_the_envelope,
    bus::ephemeral_payloads_come_as_they_are,
    bus::what_is_not_text_is_refused,
    bus::the_bus_can_be_made_anew,
    bus::a_slow_reader_is_told_and_goes_on,
    bus::nobody_has_to_listen,
    bus::the_bus_ends_with_the_store,
    bus::a_ping_is_answered,

    membership::rows_say_what_is_unread,
    membership::a_member_can_be_forgotten,
    membership::rooms_that_are_gone_are_forgotten,

    empty_rooms::an_empty_room_outlives_the_last_who_was_there,
    empty_rooms::a_room_with_events_stays,
    empty_rooms::whoever_looks_in_keeps_an_empty_room,
    empty_rooms::without_a_time_empty_rooms_stay,

    user_limits::a_user_is_a_member_of_so_many_rooms,
    user_limits::a_user_makes_so_many_rooms_in_an_hour,

    overwrite::an_edited_message_is_what_it_was_made,
    overwrite::only_who_wrote_a_message_edits_it,
    overwrite::a_deleted_message_is_in_no_page_and_in_its_place,
    overwrite::what_is_anothers_is_deleted_by_who_keeps_order,
    overwrite::what_is_not_there_is_not_overwritten,
    overwrite::an_overwriting_event_has_a_nonce_too,
    overwrite::overwriting_goes_in_the_order_of_appends,

    reactions::a_reaction_is_counted_and_told_once,
    reactions::many_reactions_are_told_together,
    reactions::who_may_not_write_does_not_react,
    reactions::reactions_go_with_their_message,
    reactions::any_reactions_are_what_a_plain_model_says,

    pins::a_message_is_pinned_by_who_keeps_order,
    pins::pins_are_bounded_and_go_with_their_messages,

    counting::any_history_is_counted_as_a_plain_model_does,
    counting::a_room_that_is_not_there_has_nothing_to_count,

    feed::whoever_comes_later_misses_nothing,
    feed::rooms_of_all_partitions_are_in_some_feed,
    feed::whoever_fell_behind_finds_the_rooms,
    feed::a_place_can_be_written_down,

    rooms::every_room_is_in_the_list_of_its_partition,
    rooms::a_room_says_what_it_holds,
    rooms::a_room_that_is_taken_away_is_gone_with_everything_in_it,

    people::a_room_that_is_made_has_its_people,
    people::a_room_that_was_deleted_is_made_again_by_who_wants_to,
    people::a_room_has_so_many_bans_and_mutes,
    people::what_is_hidden_is_there_for_nobody_else,
    people::whoever_comes_into_a_public_room_is_a_member,
    people::who_may_what_is_looked_at_in_the_same_step,
    people::a_removed_user_writes_nothing_more,
    people::a_row_says_what_one_is,
    people::bans_and_mutes_last_as_long_as_was_said,
    people::rules_hold_for_who_writes,
    people::members_are_given_page_by_page,
    people::people_go_with_their_room,
    people::a_room_that_somebody_made_outlives_its_people,
    people::users_are_called_as_was_said_last,
    people::any_changes_come_to_the_same_on_both_engines,
    people::nothing_is_written_behind_a_removal,

    invites::whoever_has_a_code_comes_in,
    invites::who_may_invite_makes_codes,
    invites::uses_are_counted,
    invites::a_banned_user_comes_in_by_no_code,
    invites::an_invitation_is_taken_back_by_who_may,
    invites::an_invitation_ends_with_its_time,
    invites::a_room_has_so_many_invitations,
    invites::invitations_end_with_their_room,

    directory::only_public_rooms_are_listed,
    directory::rooms_are_found_by_words,
    directory::whoever_is_banned_does_not_find_the_room,
    directory::pages_stay_whatever_is_made_or_goes,

    accounts::an_account_is_found_by_its_name_and_by_its_user,
    accounts::of_many_who_want_a_name_one_gets_it,
    accounts::a_name_can_be_changed_and_the_old_one_waits,
    accounts::a_name_that_was_given_up_is_free_after_a_while,
    accounts::an_account_that_is_gone_lets_nobody_in,
    accounts::whoever_has_no_account_stands_until_they_have_one,
    accounts::log_ins_are_told_and_ended,
    accounts::a_refresh_token_is_replaced_at_each_use,
    accounts::a_refresh_token_that_was_replaced_long_ago_ends_the_log_in,
    accounts::of_many_who_bring_a_refresh_token_all_get_the_same,
    accounts::a_log_in_that_nobody_uses_is_over,
    accounts::a_new_password_ends_the_other_log_ins,
    accounts::nobody_comes_in_who_is_disabled,
    accounts::many_are_asked_for_at_once,
    accounts::somebody_can_be_blocked_and_unblocked,

    find_people::people_are_found_by_the_beginning_of_their_names,
    find_people::people_are_found_page_by_page,

    presence::people_are_online_who_are_in_any_of_their_rooms,
    presence::nobody_is_in_an_empty_room,
    presence::coming_and_going_is_told_once,
    presence::another_name_is_told_once,
    presence::another_name_is_not_told_where_names_are_not,
    presence::many_changes_go_in_one_call,
    presence::big_rooms_tell_numbers_only,
    presence::presence_has_an_order_in_time,
    presence::a_renewed_lease_is_kept,

    catch_up::any_cursor_gets_exactly_the_events_or_a_snapshot,
}

mod embedded_only {
    cases! {
        crate::place::Place::embedded();
        check::the_embedded_engine_says_what_it_is,
        presence::many_rooms_are_looked_at_in_a_few_calls,
        presence::giving_up_takes_everybody_out,
    }
}

/// Presence of several nodes on a Redis in cluster mode too.
mod redis_only_in_cluster_mode {
    cases! {
        crate::place::Place::redis_in_cluster_mode();
        nodes::nodes_share_one_log,
        nodes::a_nonce_is_known_on_every_node,
        nodes::a_user_on_two_nodes_is_one_user,
        nodes::the_dead_are_swept_once,
        nodes::a_node_that_was_swept_enters_everybody_again,
        nodes::a_node_that_stops_leaves_its_users_their_grace_time,
        nodes::a_node_that_stops_with_nobody_is_forgotten_at_once,
        nodes::who_dies_while_sweeping_is_taken_over_from,
        nodes::what_comes_late_changes_nothing,
        empty_rooms::nothing_stays_of_an_empty_room,
        empty_rooms::a_room_of_a_dead_node_goes_when_it_is_swept,
        lifetime::an_idle_room_leaves_no_log,
        lifetime::nonces_outlive_their_texts,
    }
}

/// What takes two nodes or a Redis that can be away.
mod redis_only {
    cases! {
        crate::place::Place::redis();
        nodes::nodes_share_one_log,
        nodes::a_nonce_is_known_on_every_node,
        nodes::a_user_on_two_nodes_is_one_user,
        nodes::another_name_on_another_node_is_told,
        nodes::the_dead_are_swept_once,
        nodes::a_node_that_was_swept_enters_everybody_again,
        nodes::nobody_is_entered_without_a_lease,
        nodes::a_node_that_stops_leaves_its_users_their_grace_time,
        nodes::a_node_that_stops_with_nobody_is_forgotten_at_once,
        nodes::who_dies_while_sweeping_is_taken_over_from,
        nodes::a_renewal_that_was_not_heard_is_no_renewal,
        nodes::what_comes_late_changes_nothing,
        nodes::what_redis_forgot_is_entered_again,
        nodes::a_clock_that_is_stepped_matters_to_nobody,
        nodes::while_nobody_can_write_nobody_is_thought_dead,
        nodes::twenty_thousand_rooms_are_swept_and_leases_kept_meanwhile,
        presence::many_rooms_are_looked_at_in_a_few_calls,

        empty_rooms::nothing_stays_of_an_empty_room,
        empty_rooms::a_room_of_a_dead_node_goes_when_it_is_swept,
        empty_rooms::a_lifetime_is_outlived_by_an_hour,

        lifetime::an_idle_room_leaves_no_log,
        lifetime::nonces_outlive_their_texts,
        lifetime::a_lifetime_that_is_taken_off_keeps_the_room,

        forks::a_log_that_lost_its_end_goes_on_in_another_epoch,
        forks::a_replica_that_is_promoted_is_not_trusted_with_the_end,
        forks::a_primary_that_was_a_replica_meanwhile_is_not_what_it_was,
        forks::a_cursor_beyond_a_lost_end_is_not_taken_for_one_of_the_log,
        forks::what_cannot_be_told_apart_is_refused_at_the_start,
        forks::so_many_epochs_are_remembered_and_no_more,
        forks::any_cursor_of_any_epoch_is_served_what_it_missed_or_a_snapshot,

        overwrite::a_deleted_text_is_in_no_key,
        overwrite::a_rewritten_append_only_file_has_no_deleted_text,
        counting::what_expires_is_counted_no_more,

        outage::scripts_come_back_after_they_were_flushed,
        outage::a_cut_subscription_is_made_anew,
        outage::a_dead_redis_refuses_soon_and_serves_again,
        outage::what_was_answered_survives_a_crash,
        outage::a_redis_that_forgot_goes_on_after_what_is_known,

        check::a_good_redis_passes,
        check::a_redis_that_is_away_is_told_in_words,
        check::a_redis_that_cannot_be_written_is_told_in_words,
    }
}
