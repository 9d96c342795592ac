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

    /// Blocks the signals in every thread to come and waits for them in one of its own: what is done on a signal then
    /// runs as ordinary code, not inside a handler.
    static func watch() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        var thread = pthread_t()
        pthread_create(&thread, nil, waitForSignals, nil)
        pthread_detach(thread)
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

private func waitForSignals(_: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    while true {
        var number: Int32 = 0
        if sigwait(&signals, &number) == 0 { Interruption.arrived() }
    }
}
