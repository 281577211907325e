//! Lists as people export them: reading, planning and writing, without the program around them.
//!
//! Where a new test belongs:
//!
//! | what it tests | where |
//! |---|---|
//! | a quirk of the bytes | a row in `quirks.rs` |
//! | the export of a named program | a row in `exports.rs` |
//! | messages, files or the exit status of `mailvet clean` | a folder in `tests/lists` |

mod encodings;
mod exports;
mod long_rows;
mod output_formats;
mod parsed_list;
mod quirks;
mod refusals;
mod round_trip;
