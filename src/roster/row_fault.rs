//! Why a row cannot be read.

/// Why a row cannot be read. It is passed on, with the verdict `unknown` and the fault as its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowFault {
    /// It is longer than [`super::MAX_ROW_BYTES`].
    TooLong,
    /// A quotation mark opens and none closes, as far as the reader looks.
    BrokenQuotes,
    /// It has more cells than the header, and the address is in another column.
    Shifted,
    /// The cell with the address, or the object, is not UTF-8.
    NotUtf8,
    /// It is no JSON object.
    NotJson,
}

impl RowFault {
    pub const ALL: [Self; 5] =
        [Self::TooLong, Self::BrokenQuotes, Self::Shifted, Self::NotUtf8, Self::NotJson];

    /// The code for `mailvet_reasons`.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => "row_too_long",
            Self::BrokenQuotes => "row_broken_quotes",
            Self::Shifted => "row_shifted",
            Self::NotUtf8 => "row_not_utf8",
            Self::NotJson => "row_not_json",
        }
    }

    /// One sentence for people. It repeats nothing of the row.
    pub fn message(self) -> &'static str {
        match self {
            Self::TooLong => "The row is longer than 1 MiB.",
            Self::BrokenQuotes => "A quotation mark opens in the row and none closes.",
            Self::Shifted => {
                "The row has more cells than the header, and no address where the others have it."
            }
            Self::NotUtf8 => "The address is not UTF-8; --encoding says what the list is.",
            Self::NotJson => "The row is not a JSON object.",
        }
    }
}
