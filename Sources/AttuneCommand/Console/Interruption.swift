import Attune
import Glibc
import Synchronization

/// Ctrl-C and SIGTERM: long work that can save its place asks `isRequested` and stops by itself; everything else ends
/// at once, with nothing half-written left behind. A second Ctrl-C does not wait.
enum Interruption {
    private static let requested = Atomic<Bool>(false)
    private static let isGraceful = Atomic<Bool>(false)

    static var isRequested: Bool { requested.load(ordering: .relaxed) }

    /// From here on the work looks at `isRequested` itself, often enough for a person who waits.
    static func letWorkStopItself() {
        isGraceful.store(true, ordering: .relaxed)
    }

    /// Has the signals' arrival written to a pipe and reads it in a thread of its own: what is done on a signal then runs
    /// as ordinary code, not inside a handler. (Waiting for blocked signals would need them blocked in every thread, and those
    /// that a library started before `main` do not ask.)
    static func watch() {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (arrivals, notice) = (ends[0], ends[1])
        var thread = pthread_t()
        guard pthread_create(&thread, nil, waitForSignals, nil) == 0 else { return }
        pthread_detach(thread)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in
            let saved = errno
            var byte: UInt8 = 0
            _ = write(notice, &byte, 1)
            errno = saved
        }
        action.sa_flags = SA_RESTART
        // Who started the program may have had them blocked.
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM] {
            sigaction(signal, &action, nil)
            sigaddset(&signals, signal)
        }
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }

    static func end() -> Never {
        TemporaryPaths.removeAll()
        Console.complain("interrupted")
        _exit(130)
    }

    fileprivate static func arrived() {
        let isFirst = !requested.exchange(true, ordering: .relaxed)
        if isFirst && isGraceful.load(ordering: .relaxed) { return }
        end()
    }
}

/// The pipe's ends, set once before anything uses them.
private nonisolated(unsafe) var (arrivals, notice): (Int32, Int32) = (-1, -1)

private func waitForSignals(_: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    while true {
        var byte: UInt8 = 0
        let count = read(arrivals, &byte, 1)
        if count == 1 { Interruption.arrived() } else if count == 0 || errno != EINTR { return nil }
    }
}
