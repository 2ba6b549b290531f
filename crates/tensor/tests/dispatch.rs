//! The environment variable and the choice of a path.

use composer_tensor::simd::{Path, PathError};

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
