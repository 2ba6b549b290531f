pub fn write(_: &super::super::sheet::Sheet) -> Result<String, String> {
    Err("soon".to_owned())
}
