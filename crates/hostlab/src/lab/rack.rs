//! Servers, the guests a hypervisor runs on them, and containers: what is where, what it holds, whose kernel it uses.
//!
//! Owns: the machines as plain data, what may be put where, and who reaches whom after a break-in. Every number is of
//! `numbers`. Not modelled: sharing and ballooning of guests' memory, live migration, nested guests, rootless engines.

use clock::{Millis, Time};

use super::numbers::{
    CONTAINER_START_MS, GUEST_BOOT_MS, GUEST_DISK_MIB, GUEST_SYSTEM_MIB, HOST_SYSTEM_MIB, HYPERVISOR_MIB,
    JAVA_IMAGE_MIB, MODULE_MIB, MODULE_RPS, SERVER_BOOT_MS, SHIM_MIB, guest_overhead_mib,
};

/// More than this many machines are refused.
pub const MOST: usize = 64;
pub const HYPERVISOR: &str = "metal-1";
pub const ENGINE: &str = "metal-2";
const SERVER_CPUS: i64 = 16;
const SERVER_MIB: i64 = 32_768;
const SERVER_DISK_MIB: i64 = 512_000;
const HOST_KERNEL: &str = "6.8.0-60-generic";
const GUEST_KERNEL: &str = "6.1.0-37-amd64";
/// Where the process ids of a host's containers begin.
const FIRST_PID: i64 = 2_101;

/// A part of the application: what it needs, and what it says without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Module {
    pub name: &'static str,
    /// The Java it was written for.
    pub java: u32,
}

pub const MODULES: [Module; 3] =
    [Module { name: "a", java: 8 }, Module { name: "b", java: 21 }, Module { name: "c", java: 21 }];
pub const JAVAS: [u32; 2] = [8, 21];

#[must_use]
pub fn module(name: &str) -> Option<Module> {
    MODULES.into_iter().find(|m| m.name == name)
}

impl Module {
    /// What a Java runtime says of it, if it can't run it.
    #[must_use]
    pub fn refused_by(self, java: u32) -> Option<&'static str> {
        match (self.java, java) {
            (8, 11..) => Some("java.lang.NoClassDefFoundError: javax/xml/bind/JAXBException"),
            (21, ..21) => Some(
                "java.lang.UnsupportedClassVersionError: Main has been compiled by a more recent version of the Java \
                 Runtime (class file version 65.0), this version of the Java Runtime only recognizes class file \
                 versions up to 52.0",
            ),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A server with a type 1 hypervisor.
    Hypervisor,
    /// A server with an operating system and a container engine.
    Engine,
    Guest,
    Container,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    pub name: String,
    pub kind: Kind,
    /// What it is on; `""` for a server.
    pub on: String,
    /// Processors and MiB it may use; 0: as much as there is.
    pub cpus: i64,
    pub memory: i64,
    pub up: bool,
    pub ready_at: Time,
    /// The Java on it: of a guest, the one that is installed; of a container, its image's.
    pub java: Option<u32>,
    /// Modules started on it.
    pub modules: Vec<Module>,
    /// Somebody broke in here.
    pub broken: bool,
    /// Who broke in elsewhere reaches it.
    pub reached: bool,
    /// The process id of a container's first process, or of a guest's emulator, as its host counts.
    pub pid: i64,
}

impl Machine {
    fn new(name: &str, kind: Kind, on: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            on: on.to_owned(),
            cpus: 0,
            memory: 0,
            up: true,
            ready_at: Time::EPOCH,
            java: None,
            modules: Vec::new(),
            broken: false,
            reached: false,
            pid: 1,
        }
    }

    #[must_use]
    pub fn is_server(&self) -> bool {
        matches!(self.kind, Kind::Hypervisor | Kind::Engine)
    }

    /// Whether it has its own kernel.
    #[must_use]
    pub fn has_kernel(&self) -> bool {
        self.kind != Kind::Container
    }

    #[must_use]
    pub fn ready(&self, now: Time) -> bool {
        self.up && now >= self.ready_at
    }

    /// Modules that run on it, and those that don't with what Java said.
    pub fn states(&self) -> impl Iterator<Item = (Module, Option<&'static str>)> + '_ {
        self.modules
            .iter()
            .map(|m| (*m, self.java.map_or(Some("sh: java: not found"), |java| m.refused_by(java))))
    }

    #[must_use]
    pub fn running(&self) -> i64 {
        self.states().filter(|s| s.1.is_none()).count().try_into().unwrap_or(0)
    }
}

/// All machines, servers first, then in the order they were made.
#[derive(Clone, Debug, PartialEq)]
pub struct Rack {
    pub machines: Vec<Machine>,
    next_pid: i64,
    /// Requests a second for module c.
    pub load: i64,
}

/// Why something can't be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    Nothing(String),
    Taken(String),
    BadName(String),
    NoHypervisor(String),
    NoEngine(String),
    NoMemory { on: String, free: i64, wanted: i64 },
    NotGuest(String),
    Down(String),
    TooMany,
}

impl Default for Rack {
    fn default() -> Self {
        let mut servers =
            vec![Machine::new(HYPERVISOR, Kind::Hypervisor, ""), Machine::new(ENGINE, Kind::Engine, "")];
        for server in &mut servers {
            (server.cpus, server.memory) = (SERVER_CPUS, SERVER_MIB);
        }
        Self { machines: servers, next_pid: FIRST_PID, load: 80 }
    }
}

impl Rack {
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Machine> {
        self.machines.iter().find(|m| m.name == name)
    }

    fn get_mut(&mut self, name: &str) -> Result<&mut Machine, Refused> {
        self.machines.iter_mut().find(|m| m.name == name).ok_or_else(|| Refused::Nothing(name.to_owned()))
    }

    /// # Errors
    /// There is no such machine.
    pub fn find(&self, name: &str) -> Result<&Machine, Refused> {
        self.get(name).ok_or_else(|| Refused::Nothing(name.to_owned()))
    }

    pub fn on<'a>(&'a self, place: &'a str) -> impl Iterator<Item = &'a Machine> + 'a {
        self.machines.iter().filter(move |m| m.on == place)
    }

    /// The machine whose kernel this one uses: itself, or for a container what it is on.
    #[must_use]
    pub fn kernel_owner<'a>(&'a self, machine: &'a Machine) -> &'a Machine {
        if machine.has_kernel() { machine } else { self.get(&machine.on).unwrap_or(machine) }
    }

    #[must_use]
    pub fn kernel(&self, machine: &Machine) -> &'static str {
        if self.kernel_owner(machine).kind == Kind::Guest { GUEST_KERNEL } else { HOST_KERNEL }
    }

    /// MiB that it holds on what it is on.
    #[must_use]
    pub fn holds(&self, machine: &Machine) -> i64 {
        match machine.kind {
            Kind::Hypervisor => {
                HYPERVISOR_MIB + self.on(&machine.name).filter(|m| m.up).map(|m| self.holds(m)).sum::<i64>()
            }
            Kind::Engine => {
                HOST_SYSTEM_MIB + self.on(&machine.name).filter(|m| m.up).map(|m| self.holds(m)).sum::<i64>()
            }
            // A guest's memory is set aside for it, used or not.
            Kind::Guest => machine.memory + guest_overhead_mib(machine.memory),
            Kind::Container => SHIM_MIB + MODULE_MIB * machine.running().max(1),
        }
    }

    /// MiB in use inside a guest.
    #[must_use]
    pub fn used_inside(&self, guest: &Machine) -> i64 {
        let containers = self.on(&guest.name).filter(|m| m.up).map(|m| self.holds(m)).sum::<i64>();
        GUEST_SYSTEM_MIB + MODULE_MIB * guest.running() + containers
    }

    /// MiB of disk that a server's machines take: of containers, layers count once per Java.
    #[must_use]
    pub fn disk(&self, server: &Machine) -> i64 {
        let images = |place: &str| -> i64 {
            let has =
                |java: &&u32| self.on(place).any(|m| m.kind == Kind::Container && m.java == Some(**java));
            JAVAS.iter().filter(has).map(|_| JAVA_IMAGE_MIB).sum()
        };
        let guest = |m: &Machine| GUEST_DISK_MIB + m.java.map_or(0, |_| JAVA_IMAGE_MIB) + images(&m.name);
        let guests: i64 = self.on(&server.name).filter(|m| m.kind == Kind::Guest).map(guest).sum();
        guests + images(&server.name)
    }

    #[must_use]
    pub fn disk_size(&self) -> i64 {
        SERVER_DISK_MIB
    }

    #[must_use]
    pub fn free(&self, place: &Machine) -> i64 {
        match place.kind {
            Kind::Guest => place.memory - self.used_inside(place),
            Kind::Container => 0,
            _ => place.memory - self.holds(place),
        }
    }

    fn new_pid(&mut self) -> i64 {
        self.next_pid += 18;
        self.next_pid - 18
    }

    fn check_new(&self, name: &str, on: &str, wanted: i64) -> Result<(), Refused> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > 30 || !name.chars().all(plain) || name.starts_with('-') {
            return Err(Refused::BadName(name.to_owned()));
        }
        if self.get(name).is_some() {
            return Err(Refused::Taken(name.to_owned()));
        }
        if self.machines.len() >= MOST {
            return Err(Refused::TooMany);
        }
        let place = self.find(on)?;
        if !place.up {
            return Err(Refused::Down(on.to_owned()));
        }
        let free = self.free(place);
        if free < wanted {
            return Err(Refused::NoMemory { on: on.to_owned(), free, wanted });
        }
        Ok(())
    }

    /// Starts a guest on a hypervisor.
    ///
    /// # Errors
    /// The name is taken or none, there is no hypervisor there, or too little memory.
    pub fn start_guest(
        &mut self,
        name: &str,
        on: &str,
        memory: i64,
        cpus: i64,
        now: Time,
    ) -> Result<(), Refused> {
        let memory = memory.clamp(512, SERVER_MIB);
        if self.find(on)?.kind != Kind::Hypervisor {
            return Err(Refused::NoHypervisor(on.to_owned()));
        }
        self.check_new(name, on, memory + guest_overhead_mib(memory))?;
        let mut guest = Machine::new(name, Kind::Guest, on);
        (guest.cpus, guest.memory, guest.ready_at) =
            (cpus.clamp(1, SERVER_CPUS), memory, now + GUEST_BOOT_MS);
        guest.pid = self.new_pid();
        self.machines.push(guest);
        Ok(())
    }

    /// Starts a container with a module, on a container host or in a guest.
    ///
    /// # Errors
    /// The name is taken or none, there is no engine there, or too little memory.
    pub fn start_container(
        &mut self,
        name: &str,
        module: Module,
        on: &str,
        now: Time,
    ) -> Result<(), Refused> {
        let place = self.find(on)?;
        if !matches!(place.kind, Kind::Engine | Kind::Guest) {
            return Err(Refused::NoEngine(on.to_owned()));
        }
        let ready_at = now.max(place.ready_at) + CONTAINER_START_MS;
        self.check_new(name, on, MODULE_MIB + SHIM_MIB)?;
        let mut container = Machine::new(name, Kind::Container, on);
        container.memory = MODULE_MIB;
        (container.ready_at, container.java) = (ready_at, Some(module.java));
        container.modules.push(module);
        container.pid = self.new_pid();
        self.machines.push(container);
        Ok(())
    }

    /// Puts a Java on a guest in place of the one before. Modules on it start again.
    ///
    /// # Errors
    /// That is no guest.
    pub fn install(&mut self, name: &str, java: u32) -> Result<(), Refused> {
        let guest = self.get_mut(name)?;
        if guest.kind != Kind::Guest {
            return Err(Refused::NotGuest(name.to_owned()));
        }
        guest.java = Some(java);
        Ok(())
    }

    /// Starts a module in a guest. What Java said when it did not run.
    ///
    /// # Errors
    /// That is no guest, or it has too little memory.
    pub fn deploy(&mut self, name: &str, module: Module) -> Result<Option<&'static str>, Refused> {
        let guest = self.find(name)?;
        if guest.kind != Kind::Guest {
            return Err(Refused::NotGuest(name.to_owned()));
        }
        let free = self.free(guest);
        if free < MODULE_MIB {
            return Err(Refused::NoMemory { on: name.to_owned(), free, wanted: MODULE_MIB });
        }
        let guest = self.get_mut(name)?;
        guest.modules.retain(|m| *m != module);
        guest.modules.push(module);
        Ok(guest.java.map_or(Some("sh: java: not found"), |java| module.refused_by(java)))
    }

    /// Brings a machine to so many copies: `name`, `name-2`, `name-3`. A guest is copied with all that is on it.
    ///
    /// # Errors
    /// There is none, or no room: the copies that had room stay.
    pub fn scale(&mut self, name: &str, copies: usize, now: Time) -> Result<usize, Refused> {
        let model = self.find(name)?.clone();
        if model.is_server() {
            return Err(Refused::NotGuest(name.to_owned()));
        }
        let copy_name = |i: usize| if i < 2 { name.to_owned() } else { format!("{name}-{i}") };
        let copies = copies.clamp(1, MOST);
        for i in copies + 1..=MOST {
            let gone = copy_name(i);
            self.machines.retain(|m| m.name != gone && m.on != gone);
        }
        let mut made = 0;
        for i in 2..=copies {
            let copy = copy_name(i);
            if self.get(&copy).is_some() {
                continue;
            }
            match (model.kind, model.modules.first()) {
                (Kind::Guest, _) => {
                    self.start_guest(&copy, &model.on, model.memory, model.cpus, now)?;
                    let guest = self.get_mut(&copy)?;
                    (guest.java, guest.modules) = (model.java, model.modules.clone());
                }
                (_, Some(module)) => self.start_container(&copy, *module, &model.on, now)?,
                _ => return Err(Refused::NotGuest(name.to_owned())),
            }
            made += 1;
        }
        Ok(made)
    }

    /// Takes a guest or a container away, with what is on it.
    ///
    /// # Errors
    /// There is none, or it is a server.
    pub fn remove(&mut self, name: &str) -> Result<(), Refused> {
        if self.find(name)?.is_server() {
            return Err(Refused::NotGuest(name.to_owned()));
        }
        self.machines.retain(|m| m.name != name && m.on != name);
        Ok(())
    }

    /// Pulls the plug of a machine. What went down with it, itself included.
    ///
    /// # Errors
    /// There is none.
    pub fn fail(&mut self, name: &str) -> Result<Vec<String>, Refused> {
        self.find(name)?;
        let fallen = self.below(name);
        for machine in self.machines.iter_mut().filter(|m| fallen.contains(&m.name)) {
            machine.up = false;
        }
        Ok(fallen)
    }

    /// Starts a machine that is down, and all on it, each after what it is on.
    ///
    /// # Errors
    /// There is none.
    pub fn repair(&mut self, name: &str, now: Time) -> Result<(), Refused> {
        let on = self.find(name)?.on.clone();
        if self.get(&on).is_some_and(|place| !place.up) {
            return Err(Refused::Down(on));
        }
        for fallen in self.below(name) {
            let after =
                self.get(&fallen).and_then(|m| self.get(&m.on)).map_or(now, |place| place.ready_at.max(now));
            if let Some(machine) = self.machines.iter_mut().find(|m| m.name == fallen && !m.up) {
                (machine.up, machine.broken, machine.reached) = (true, false, false);
                machine.ready_at = after + boot_ms(machine.kind);
            }
        }
        Ok(())
    }

    /// A machine and all that is on it, from the ground up.
    fn below(&self, name: &str) -> Vec<String> {
        let mut all = vec![name.to_owned()];
        let mut next = 0;
        while next < all.len() {
            let more: Vec<String> = self.on(&all[next]).map(|m| m.name.clone()).collect();
            all.extend(more);
            next += 1;
        }
        all
    }

    /// Somebody breaks into a machine; with a hole in the kernel they use, out of a container too. Who they reach,
    /// itself first.
    ///
    /// # Errors
    /// There is none, or it is down.
    pub fn break_into(&mut self, name: &str, kernel_hole: bool) -> Result<Vec<String>, Refused> {
        let machine = self.find(name)?;
        if !machine.up {
            return Err(Refused::Down(name.to_owned()));
        }
        let root =
            if machine.kind == Kind::Container && kernel_hole { machine.on.clone() } else { name.to_owned() };
        let mut reached = vec![name.to_owned()];
        reached.extend(self.below(&root).into_iter().filter(|n| n != name));
        for machine in &mut self.machines {
            machine.broken = machine.name == name;
            machine.reached = machine.name != name && reached.contains(&machine.name);
        }
        Ok(reached)
    }

    /// How many kernels run, counting what is up.
    #[must_use]
    pub fn kernels(&self) -> i64 {
        self.machines.iter().filter(|m| m.up && m.has_kernel()).count().try_into().unwrap_or(0)
    }

    /// How many of a module run.
    #[must_use]
    pub fn running(&self, module: Module, now: Time) -> i64 {
        let ready = self.machines.iter().filter(|m| m.ready(now));
        let runs = ready.flat_map(|m| m.states().filter(|s| s.1.is_none() && s.0 == module));
        runs.count().try_into().unwrap_or(0)
    }

    #[must_use]
    pub fn capacity(&self, module: Module, now: Time) -> i64 {
        self.running(module, now) * MODULE_RPS
    }

    /// When the next machine will be ready.
    #[must_use]
    pub fn wakes_at(&self, now: Time) -> Option<Time> {
        self.machines.iter().filter(|m| m.up && m.ready_at > now).map(|m| m.ready_at).min()
    }
}

#[must_use]
pub fn boot_ms(kind: Kind) -> Millis {
    match kind {
        Kind::Hypervisor | Kind::Engine => SERVER_BOOT_MS,
        Kind::Guest => GUEST_BOOT_MS,
        Kind::Container => CONTAINER_START_MS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::EPOCH;

    fn rack() -> Rack {
        let mut rack = Rack::default();
        let all = [
            rack.start_guest("vm", HYPERVISOR, 4_096, 2, NOW),
            rack.start_container("a", MODULES[0], ENGINE, NOW),
            rack.start_container("b", MODULES[1], ENGINE, NOW),
            rack.start_container("inner", MODULES[2], "vm", NOW),
        ];
        assert!(all.iter().all(Result::is_ok), "{all:?}");
        rack
    }

    #[test]
    fn a_guest_has_its_own_kernel_and_a_container_uses_that_of_its_host() {
        let rack = rack();
        let kernel = |name: &str| rack.get(name).map(|m| rack.kernel(m));
        assert_eq!(kernel("a"), kernel(ENGINE));
        assert_eq!(kernel("inner"), kernel("vm"));
        assert_ne!(kernel("vm"), kernel(HYPERVISOR));
        assert_eq!(rack.kernels(), 3);
    }

    #[test]
    fn a_guest_boots_for_long_and_holds_what_it_was_given() {
        let rack = rack();
        let (guest, container) = (&rack.machines[2], &rack.machines[3]);
        assert!(container.ready(NOW + 300) && !guest.ready(NOW + 300) && guest.ready(NOW + 25_000));
        assert_eq!((rack.holds(guest), rack.holds(container)), (4_096 + 52, 522));
        assert!(!rack.machines[5].ready(NOW + 25_000), "a container in a guest starts after it");
    }

    #[test]
    fn one_java_on_a_guest_suits_one_of_two_modules() {
        let mut rack = rack();
        assert_eq!(rack.deploy("vm", MODULES[0]), Ok(Some("sh: java: not found")));
        assert_eq!(rack.install("vm", 8), Ok(()));
        assert_eq!(rack.deploy("vm", MODULES[0]), Ok(None));
        assert!(matches!(rack.deploy("vm", MODULES[1]), Ok(Some(text)) if text.contains("65.0")));
        assert_eq!(rack.install("vm", 21), Ok(()));
        assert_eq!(rack.running(MODULES[1], NOW + 60_000), 2);
        assert_eq!(rack.running(MODULES[0], NOW + 60_000), 1, "the one in a container runs on");
        assert_eq!(rack.install("a", 21), Err(Refused::NotGuest("a".into())));
    }

    #[test]
    fn a_copy_of_a_guest_is_a_copy_of_all_in_it() {
        let mut rack = rack();
        let _ = (rack.install("vm", 21), rack.deploy("vm", MODULES[2]));
        let before = [HYPERVISOR, ENGINE].map(|s| rack.get(s).map_or(0, |m| rack.holds(m)));
        assert_eq!(rack.scale("vm", 3, NOW), Ok(2));
        assert_eq!(rack.scale("b", 3, NOW), Ok(2));
        let after = [HYPERVISOR, ENGINE].map(|s| rack.get(s).map_or(0, |m| rack.holds(m)));
        assert_eq!((after[0] - before[0], after[1] - before[1]), (2 * 4_148, 2 * 522));
        assert_eq!(rack.scale("b", 1, NOW), Ok(0));
        assert!(rack.get("b-2").is_none() && rack.get("vm-3").is_some());
        assert!(matches!(rack.scale("vm", 60, NOW), Err(Refused::NoMemory { .. })));
    }

    #[test]
    fn a_hole_in_the_kernel_opens_a_whole_host_but_not_the_next_guest() {
        let mut rack = rack();
        assert_eq!(rack.break_into("a", false), Ok(vec!["a".to_owned()]));
        let names = |all: Result<Vec<String>, Refused>| all.unwrap_or_default().join(" ");
        assert_eq!(names(rack.break_into("a", true)), "a metal-2 b");
        assert_eq!(names(rack.break_into("inner", true)), "inner vm");
        assert_eq!(names(rack.break_into("vm", true)), "vm inner");
        assert_eq!(rack.machines.iter().filter(|m| m.broken).count(), 1);
    }

    #[test]
    fn what_is_on_a_machine_falls_and_rises_with_it() {
        let mut rack = rack();
        assert_eq!(rack.fail(HYPERVISOR), Ok(vec![HYPERVISOR.into(), "vm".into(), "inner".into()]));
        assert!(matches!(rack.repair("vm", NOW), Err(Refused::Down(_))));
        assert_eq!(rack.repair(HYPERVISOR, NOW), Ok(()));
        let ready = |name: &str| rack.get(name).map(|m| m.ready_at.since(NOW));
        assert_eq!(
            [ready(HYPERVISOR), ready("vm"), ready("inner")],
            [Some(240_000), Some(265_000), Some(265_300)]
        );
    }

    #[test]
    fn what_there_is_no_room_or_no_name_for_is_refused() {
        let mut rack = rack();
        for bad in ["", "A", "a b", "-a", "../x"] {
            assert_eq!(rack.start_container(bad, MODULES[0], ENGINE, NOW), Err(Refused::BadName(bad.into())));
        }
        assert_eq!(rack.start_guest("vm", HYPERVISOR, 1, 1, NOW), Err(Refused::Taken("vm".into())));
        assert_eq!(rack.start_guest("x", ENGINE, 1, 1, NOW), Err(Refused::NoHypervisor(ENGINE.into())));
        assert_eq!(
            rack.start_container("x", MODULES[0], HYPERVISOR, NOW),
            Err(Refused::NoEngine(HYPERVISOR.into()))
        );
        assert!(matches!(rack.start_guest("x", HYPERVISOR, i64::MAX, 1, NOW), Err(Refused::NoMemory { .. })));
        let many = (0..200).map(|i| rack.start_container(&format!("x{i}"), MODULES[0], ENGINE, NOW));
        assert!(many.last().is_some_and(|last| last.is_err()));
    }
}
