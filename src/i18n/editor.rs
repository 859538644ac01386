//! The editor and its files.

use smol_str::{SmolStr, format_smolstr};

use super::Name;

texts! { Editor
    editor = "Editor", "편집기";
    file = "File", "파일";
    new_file = "New file", "새 파일";
    manifest = "Manifest", "매니페스트";
    apply = "Apply", "적용";
    applies: Name =
        |file| format_smolstr!("Save and run kubectl apply -f {file}"),
        |file| format_smolstr!("저장하고 kubectl apply -f {file} 실행");
    did_you_mean: Name = |want| format_smolstr!("Did you mean {want}?"), |want| format_smolstr!("혹시 {want}입니까?");
    missing_field: Name =
        |name| format_smolstr!("The field {name} is missing"),
        |name| format_smolstr!("필드 {name} 없음");
    fault_at: fn(line: usize, message: &str) -> SmolStr =
        |line, message| format_smolstr!("Line {line}: {message}"),
        |line, message| format_smolstr!("{line}번째 줄: {message}");
    faults = "Faults in the manifest", "매니페스트의 잘못된 곳";
    replace_with: Name = |want| format_smolstr!("Replace with {want}"), |want| format_smolstr!("바꾸기: {want}");
    diff = "Diff", "차이";
    diffs: Name =
        |file| format_smolstr!("Save and run kubectl diff -f {file}: what Apply would change"),
        |file| format_smolstr!("저장하고 kubectl diff -f {file} 실행: 적용하면 바뀔 것");
    files = "Files", "파일";
    rename = "Rename the file", "파일 이름 바꾸기";
    new_name = "New name of the file", "파일의 새 이름";
    name_taken: Name =
        |name| format_smolstr!("There is a file {name} already."),
        |name| format_smolstr!("{name} 파일이 이미 있습니다.");
    delete_file = "Delete the file", "파일 지우기";
    delete_sure: Name =
        |name| format_smolstr!("Delete {name}? What it has created in the cluster stays."),
        |name| format_smolstr!("{name} 파일을 지웁니까? 이 파일로 클러스터에 만든 것은 남습니다.");
    save_as: Name = |file| format_smolstr!("Save as {file}"), |file| format_smolstr!("{file}에 저장");
}
