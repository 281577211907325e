//! Whatever is pasted: what is left stays as it is, and its places lead back into the text as typed.

use mailvet::address::Pasted;

pub(crate) fn check(bytes: &[u8]) {
    let typed = String::from_utf8_lossy(bytes);
    let pasted = Pasted::clean(&typed);
    let left = pasted.text();
    assert!(left.len() <= typed.len());

    let again = Pasted::clean(left);
    assert_eq!(again.text(), left);
    assert_eq!(again.first_change(), None);

    match pasted.first_change() {
        None => assert_eq!(left, typed),
        Some(at) => {
            assert_ne!(left, typed);
            assert!(typed.is_char_boundary(at));
            assert_eq!(left.get(..at).map(|same| typed.starts_with(same)), Some(true));
        }
    }
    let mut before = 0;
    for at in (0..=left.len()).filter(|at| left.is_char_boundary(*at)) {
        let source = pasted.typed_offset(at);
        assert!(source <= typed.len() && typed.is_char_boundary(source));
        assert!(source >= before);
        before = source;
    }
}
