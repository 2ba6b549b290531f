//! The environment variable and the choice of a path.

use composer_tensor::simd::{self, Path, PathError};

#[test]
fn names_are_parsed_and_wrong_ones_named() {
    for path in [Path::Portable, Path::Avx2, Path::Avx512] {
        assert_eq!(path.to_string().parse(), Ok(path));
    }
    let error = "sse9".parse::<Path>().expect_err("there is no such path");
    assert_eq!(error, PathError::Unknown("sse9".into()));
    assert!(error.to_string().contains("sse9") && error.to_string().contains("avx512"), "{error}");
}

#[test]
fn the_portable_path_is_everywhere() {
    assert!(Path::Portable.available());
    assert_eq!(Path::all_available().next(), Some(Path::Portable));
}

#[test]
fn a_path_is_held_until_its_guard_is_dropped_and_then_given_back() {
    // The threads want different paths; each finds its own at every look.
    std::thread::scope(|scope| {
        for wanted in Path::all_available() {
            scope.spawn(move || {
                for _ in 0..100 {
                    let _held = simd::use_path(wanted).expect("it is available");
                    assert_eq!(simd::path(), wanted);
                    std::thread::yield_now();
                    assert_eq!(simd::path(), wanted);
                }
            });
        }
    });
    let before = simd::path();
    drop(simd::use_path(Path::Portable).expect("it is everywhere"));
    assert_eq!(simd::path(), before);
}
