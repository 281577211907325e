//! What is printed about how a list was understood.

use std::fmt;

use super::encoding::Encoding;
use super::format::delimiter_name;

/// Something that the owner of a list should know before it is cleaned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Nothing in the list declares its encoding; this one fits.
    EncodingAssumed(Encoding),
    /// Most of the list is UTF-8, some is not. All bytes are kept.
    NotAllUtf8,
    /// The output is UTF-8, the list is not.
    WrittenAsUtf8(Encoding),
    /// The first line is Excel's `sep=`, which names the delimiter.
    SeparatorLine(u8),
    /// Several columns have the same name.
    DuplicateNames(Vec<String>),
    /// Columns of an earlier run are replaced.
    ColumnsReplaced(usize),
    /// There is no header, so the added columns have no names in the output.
    NoHeader,
    /// The first row looks like a header, and no name in it says that it is one.
    HeaderGuessed,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EncodingAssumed(encoding) => write!(
                f,
                "the list does not say how it is encoded: read as {}; --encoding says otherwise",
                encoding.code()
            ),
            Self::NotAllUtf8 => {
                f.write_str("some bytes of the list are not UTF-8; they are passed on as they are")
            }
            Self::WrittenAsUtf8(from) => {
                write!(f, "the output is UTF-8, the list is {}", from.code())
            }
            Self::SeparatorLine(delimiter) => {
                write!(f, "the first line says that the columns are separated by ")?;
                f.write_str(delimiter_name(*delimiter))
            }
            Self::DuplicateNames(names) => {
                // Foreign text, controls escaped.
                let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
                write!(f, "several columns have the same name: {}", names.join(", "))
            }
            Self::ColumnsReplaced(1) => f.write_str("a column of an earlier run is replaced"),
            Self::ColumnsReplaced(count) => {
                write!(f, "{count} columns of an earlier run are replaced")
            }
            Self::NoHeader => f.write_str(
                "the list has no header, so the added columns come last, without names",
            ),
            Self::HeaderGuessed => f.write_str(
                "the first row is taken for the header; --header no says that it is a row like the others",
            ),
        }
    }
}
