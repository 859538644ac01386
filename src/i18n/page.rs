//! What the page says of itself, and when it fails.

texts! { Page
    brand = "Wheelhouse", "조타실";
    playground = "Playground", "놀이터";
    booting = "Starting the cluster", "클러스터를 켜는 중";
    language = "Language", "언어";
    theme_to_dark = "Use the dark theme", "어두운 화면으로";
    theme_to_light = "Use the light theme", "밝은 화면으로";
    panels = "Panels", "패널";
    restart = "New cluster", "새 클러스터";
    restart_sure =
        "Start again with an empty cluster? Your files and progress stay.",
        "빈 클러스터로 다시 시작합니까? 파일과 진도는 그대로 남습니다.";
    resize =
        "Size of the panel: arrow keys, or drag; Home puts it back",
        "패널 크기: 화살표 키로 바꾸거나 끌고, Home으로 되돌립니다";
    fold = "Fold the lesson", "과제 접기";
    unfold = "Show the lesson", "과제 펼치기";
    close = "Close", "닫기";
    copy = "Copy", "복사";
    copied = "Copied", "복사했습니다";
    not_saved =
        "This browser blocks storage: your files last until you reload.",
        "이 브라우저가 저장을 막고 있습니다. 파일은 새로 고칠 때까지만 남습니다.";
    rest_late =
        "A part of Wheelhouse has not loaded. It is being tried again; check your connection.",
        "조타실의 일부를 아직 내려받지 못했습니다. 다시 시도하고 있으니 네트워크 연결을 확인합니다.";
    other_theme = "Light or dark theme", "밝은 테마와 어두운 테마 바꾸기";
    not_simulated =
        "The value is kept, but nothing here acts on it.",
        "값은 저장되지만 여기서는 아무 일도 하지 않습니다.";
    stopped = "The cluster in this page has stopped", "페이지 안의 클러스터가 멈췄습니다";
    stopped_text =
        "A fault in Wheelhouse stopped it. Your files and progress are safe; reloading starts a new cluster. \
                   The seed and the commands below let others repeat what happened.",
        "조타실의 결함 때문에 멈췄습니다. 파일과 진도는 그대로 있고, 새로 고치면 새 클러스터로 시작합니다. \
                   아래의 시드와 명령 기록이 있으면 같은 일을 다시 일으켜 볼 수 있습니다.";
    reload = "Reload", "새로 고침";
    copy_record = "Copy seed and command log", "시드와 명령 기록 복사";
    record = "Seed and command log", "시드와 명령 기록";
    tab_diagram = "Diagram", "그림";
    tab_inspect = "Inspect", "살펴보기";
}
