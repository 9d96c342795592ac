import Glibc
import Synchronization
import Testing
import VectorMath

@Suite("Thread pool")
struct ThreadPoolTests {
    private struct Failure: Error, Equatable {
        let place: Int
    }

    private final class Counter: Sendable {
        let value = Atomic<Int>(0)
    }

    /// The blocks that a loop made, in order.
    private func blocks(_ count: Int, grain: Int, width: Int) -> [Range<Int>] {
        let seen = Mutex<[Range<Int>]>([])
        ThreadPool.withWidth(width) {
            parallelFor(count, grain: grain) { range in seen.withLock { $0.append(range) } }
        }
        return seen.withLock { $0.sorted { $0.lowerBound < $1.lowerBound } }
    }

    @Test("covers every index once, in blocks fixed by count and grain", arguments: [1, 2, 3, 8])
    func coversEveryIndex(width: Int) {
        for (count, grain) in [(0, 1), (1, 1), (1, 10), (10, 3), (9, 3), (1000, 7), (5, .max)] {
            let expected = stride(from: 0, to: count, by: grain).map { $0..<min(count, $0 + min(grain, count)) }
            #expect(blocks(count, grain: grain, width: width) == expected)
        }
    }

    @Test("runs blocks at the same time on as many threads as asked for")
    func usesThreads() {
        // Each of three blocks waits until all have begun: it ends only when three threads work.
        let begun = Atomic<Int>(0)
        ThreadPool.withWidth(3) {
            parallelFor(3) { _ in
                begun.wrappingAdd(1, ordering: .sequentiallyConsistent)
                while begun.load(ordering: .sequentiallyConsistent) < 3 { sched_yield() }
            }
        }
        #expect(begun.load(ordering: .relaxed) == 3)
    }

    @Test("runs a loop inside a block serially, on that block's thread")
    func nestedLoopsAreSerial() {
        let total = Atomic<Int>(0)
        ThreadPool.withWidth(4) {
            parallelFor(8) { _ in
                #expect(ThreadPool.width == 1)
                let thread = pthread_self()
                parallelFor(10) { range in
                    #expect(pthread_equal(thread, pthread_self()) != 0)
                    total.wrappingAdd(range.count, ordering: .relaxed)
                }
            }
            #expect(ThreadPool.width == 4)
        }
        #expect(total.load(ordering: .relaxed) == 80)
    }

    @Test("serves several callers at once")
    func concurrentCallers() async {
        let total = Counter()
        await withTaskGroup(of: Void.self) { group in
            for caller in 1...6 {
                group.addTask {
                    ThreadPool.withWidth(3) {
                        for _ in 0..<200 {
                            parallelFor(20, grain: 3) { range in
                                total.value.wrappingAdd(range.count * caller, ordering: .relaxed)
                            }
                        }
                    }
                }
            }
        }
        #expect(total.value.load(ordering: .relaxed) == 200 * 20 * (1 + 2 + 3 + 4 + 5 + 6))
    }

    @Test("goes on after its threads have slept")
    func wakesUp() {
        for _ in 0..<20 {
            #expect(blocks(10, grain: 1, width: 3).count == 10)
            usleep(2000)
        }
    }

    @Test("rethrows the error of the first block that fails, whatever the number of threads", arguments: [1, 2, 5])
    func rethrowsTheFirst(width: Int) {
        for _ in 0..<50 {
            _ = ThreadPool.withWidth(width) {
                #expect(throws: Failure(place: 30)) {
                    try parallelFor(100, grain: 5) { range in
                        if range.lowerBound >= 30 { throw Failure(place: range.lowerBound) }
                    }
                }
            }
        }
    }

    @Test("runs everything when nothing throws")
    func throwingWithoutError() throws {
        let total = Atomic<Int>(0)
        try parallelFor(100, grain: 7, throwing: { total.wrappingAdd($0.count, ordering: .relaxed) })
        #expect(total.load(ordering: .relaxed) == 100)
    }

    @Test("gives the width of the innermost request, for this task only")
    func width() async {
        await withTaskGroup(of: Int.self) { group in
            for width in 1...4 {
                group.addTask { ThreadPool.withWidth(width) { ThreadPool.withWidth(width + 1) { ThreadPool.width } } }
            }
            var widths: Set<Int> = []
            for await width in group { widths.insert(width) }
            #expect(widths == [2, 3, 4, 5])
        }
        #expect(ThreadPool.availableCores >= 1)
        #expect(ThreadPool.width >= 1)
    }
}

@Suite("Count of cores")
struct CoreCountTests {
    /// A folder of control groups that exists during the call.
    private func withGroups(_ files: [String: String], _ body: (String) -> Void) throws {
        var template = Array("/tmp/attune-groups-XXXXXX".utf8CString)
        let root = try #require(mkdtemp(&template)).withMemoryRebound(to: CChar.self, capacity: 1) {
            String(cString: $0)
        }
        var made: [String] = []
        for (path, text) in files {
            var folder = root
            for part in path.split(separator: "/").dropLast() {
                folder += "/" + part
                if mkdir(folder, 0o700) == 0 { made.append(folder) }
            }
            let file = try #require(fopen(root + "/" + path, "w"))
            fputs(text, file)
            fclose(file)
            made.append(root + "/" + path)
        }
        body(root)
        for path in made.sorted(by: >) { remove(path) }
        rmdir(root)
    }

    @Test("takes the smallest quota of a group and those above it, rounded up")
    func version2() throws {
        try withGroups(["cpu.max": "max 100000\n", "a/cpu.max": "250000 100000\n", "a/b/cpu.max": "400000 100000\n"]) {
            #expect(CoreCount.quota(groups: "0::/a/b\n", root: $0) == 3)
            #expect(CoreCount.quota(groups: "0::/\n", root: $0) == nil)
            #expect(CoreCount.quota(groups: "0::/elsewhere/in/the/host\n", root: $0) == nil)
        }
        try withGroups(["cpu.max": "50000 100000\n"]) {
            #expect(CoreCount.quota(groups: "0::/unseen\n", root: $0) == 1)
        }
    }

    @Test("reads the quotas of version 1")
    func version1() throws {
        let files = [
            "cpu,cpuacct/g/cpu.cfs_quota_us": "200000\n", "cpu,cpuacct/g/cpu.cfs_period_us": "100000\n",
            "cpu,cpuacct/cpu.cfs_quota_us": "-1\n", "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        ]
        try withGroups(files) {
            #expect(CoreCount.quota(groups: "5:memory:/g\n4:cpu,cpuacct:/g\n", root: $0) == 2)
            #expect(CoreCount.quota(groups: "4:cpu,cpuacct:/\n", root: $0) == nil)
        }
    }

    @Test("ignores what it cannot read", arguments: ["", "nonsense", "0::", "1:cpu:/x\n", "::::::", "0::/\n\n\u{0}"])
    func nonsense(groups: String) throws {
        try withGroups(["cpu.max": "nonsense"]) { #expect(CoreCount.quota(groups: groups, root: $0) == nil) }
        try withGroups(["cpu.max": "0 0"]) { #expect(CoreCount.quota(groups: groups, root: $0) == nil) }
    }
}
