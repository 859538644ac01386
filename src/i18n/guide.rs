//! The palette, the map of keys, the tour.

texts! { Guide
    find = "Find or do", "찾기와 실행";
    found = "Found", "찾은 것";
    keymap = "Keys", "단축키";
    key_words: [&'static str; 25] =
        [
        "Pause and go on",
        "One write on and back",
        "One write to the selected object on and back",
        "Lane after and before: steps stay in it",
        "Slower and faster",
        "The beginning, and now",
        "Jump to the next change: over back-offs and grace periods",
        "Undo the last command",
        "Go on from the instant shown",
        "Why is the selected object so?",
        "Nearer and farther on the diagram",
        "Find a command, an object, a lesson",
        "Terminal",
        "Editor",
        "Save and apply",
        "Between objects, or through time",
        "Open, and back",
        "Next panel",
        "In the terminal: search what was typed before",
        "In the terminal: complete, and again for the next",
        "In the terminal: to the names that were printed",
        "Open another terminal, close this one",
        "Choose a terminal",
        "What can be done to the selected object",
        "This map of keys",
    ],
        [
        "멈추기와 이어 가기",
        "기록 하나 앞뒤로",
        "고른 오브젝트의 기록 하나 앞뒤로",
        "다음 줄과 이전 줄: 그 줄의 기록만 넘깁니다",
        "느리게와 빠르게",
        "처음과 지금",
        "다음 변화로 건너뛰기: 백오프와 유예 시간을 넘어갑니다",
        "마지막 명령 되돌리기",
        "보고 있는 순간에서 이어 가기",
        "고른 오브젝트가 왜 그런지 묻기",
        "그림을 가까이, 멀리",
        "명령, 오브젝트, 과제 찾기",
        "터미널",
        "편집기",
        "저장하고 적용",
        "오브젝트 사이, 또는 시간을 따라",
        "열기와 돌아가기",
        "다음 패널",
        "터미널에서: 지난 명령 찾기",
        "터미널에서: 완성하기, 다시 누르면 다음 것",
        "터미널에서: 출력에 나온 이름으로 가기",
        "터미널 하나 더 열기, 이 터미널 닫기",
        "터미널 고르기",
        "고른 오브젝트로 할 수 있는 일",
        "이 단축키 표",
    ];
    tour_name = "Tour of one minute", "1분 둘러보기";
    skip_tour = "Skip", "건너뛰기";
    end_tour = "Begin", "시작하기";
    /// Title and text of each stop, in the order of `tour::STOPS`.
    tour: [(&'static str, &'static str); 7] =
        [
        (
            "The cluster",
            "This diagram is a real control plane at work in your page. Desired state is on top, nodes in the middle, requests below. Right click or long press an object to see what can be done to it.",
        ),
        (
            "The terminal",
            "Type kubectl here. Tab completes and explains, Ctrl+R searches back, names in tables open their objects. A click anywhere on the page shows the command that it equals.",
        ),
        (
            "The editor",
            "Manifests are checked while you type. Ctrl+Enter applies, Diff shows first what would change.",
        ),
        (
            "Time",
            "Every write stands on this ruler. Drag it to look at any instant, and go on from there on a line of your own.",
        ),
        (
            "Why?",
            "Select an object and ask why it is as it is: the answer is the chain of writes from your own command.",
        ),
        ("Lessons", "A lesson sets goals and sees when you reach them. The playground sets none."),
        (
            "Find or do",
            "Ctrl+K finds every command, object and lesson, and this tour. The ? key shows all keys.",
        ),
    ],
        [
        (
            "클러스터",
            "이 그림은 이 페이지 안에서 실제로 돌아가는 컨트롤 플레인입니다. 위는 원하는 상태, 가운데는 노드, 아래는 요청입니다. 오브젝트를 오른쪽 버튼으로 누르거나 길게 누르면 할 수 있는 일이 나옵니다.",
        ),
        (
            "터미널",
            "여기에 kubectl 명령을 입력합니다. Tab은 명령을 완성하고 설명하며, Ctrl+R은 지난 명령을 찾습니다. 표에서 이름을 누르면 그 오브젝트가 열립니다. 페이지 어디를 누르든 그와 같은 명령이 여기에 나타납니다.",
        ),
        (
            "편집기",
            "매니페스트는 입력하는 동안 검사됩니다. 무엇이 바뀔지 ‘차이’로 먼저 보고, Ctrl+Enter로 적용합니다.",
        ),
        (
            "시간",
            "모든 기록이 이 자 위에 남습니다. 끌면 어느 순간이든 볼 수 있고, 거기서 새 갈래로 이어 갈 수 있습니다.",
        ),
        ("왜?", "오브젝트를 고르고 왜 그런지 묻습니다. 내 명령에서 여기까지 이어진 기록이 답입니다."),
        ("과제", "과제는 목표를 주고, 목표에 이르면 알아차립니다. 놀이터에는 목표가 없습니다."),
        (
            "찾기와 실행",
            "Ctrl+K로 모든 명령과 오브젝트, 과제를 찾습니다. 이 둘러보기도 있습니다. ? 키는 모든 단축키를 보여 줍니다.",
        ),
    ];
}
