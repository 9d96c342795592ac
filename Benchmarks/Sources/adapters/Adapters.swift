import ArgumentParser
import Harness
import VectorMath

/// Times what is computed with adapters: their decompositions, their starts, their merging, beside PyTorch and PEFT.
@main
struct Adapters: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adapters",
        abstract: "Compressing, starting and merging adapters at the shapes of two models, beside PyTorch and PEFT.")

    @Flag(help: "Print one JSON document.") var json = false
    @Option(help: "Measure one family alone: compression, starts or merging.") var family: Family?
    @Option(help: "Measure at this number of threads alone (default: one, then two).") var threads: Int?

    func validate() throws {
        if let threads, threads < 1 { throw ValidationError("--threads is \(threads); it must be at least 1") }
    }

    func run() throws {
        let machine = Machine.measure()
        var rows: [Row] = []
        for family in family.map({ [$0] }) ?? Family.allCases {
            for width in threads.map({ [$0] }) ?? [1, 2] {
                ThreadPool.setDefaultWidth(width)
                let measurements = try family.measure()
                let peers = try Peer.run(
                    script: "adapter_peers.py", arguments: [family.rawValue, "--threads", "\(width)"])
                rows += measurements.map { Row($0, threads: width, peers: peers) }
            }
        }
        if json {
            try printJSON(["machine": machine.fields, "adapters": rows.map(\.fields)])
            return
        }
        print(machine.summary + "\n")
        var table = Table("what", "shape", "rank", "threads", "attune", "peer", "its time", "ratio")
        for row in rows {
            let own = [
                row.own.what, row.own.shape, "\(row.own.rank)", "\(row.threads)", Self.milliseconds(row.own.seconds),
            ]
            for (name, seconds) in row.peers {
                table.add(own + [name, Self.milliseconds(seconds), fixed(seconds / row.own.seconds, 2)])
            }
            if row.peers.isEmpty { table.add(own + ["", "", ""]) }
        }
        print(table.text)
    }

    private static func milliseconds(_ seconds: Double) -> String { "\(fixed(seconds * 1e3, 2)) ms" }
}

/// What is measured together; each has a file of its own here, and a function of its own in the peers' script.
enum Family: String, CaseIterable, ExpressibleByArgument {
    case compression, starts, merging

    func measure() throws -> [Measurement] {
        switch self {
        case .compression: try Compression.measure()
        case .starts: try Starts.measure()
        case .merging: try Merging.measure()
        }
    }
}

/// The median time of one piece of work.
struct Measurement {
    let what: String
    /// Of a weight, outputs × inputs, or the name of a model's.
    let shape: String
    let rank: Int
    let seconds: Double
}

/// One piece of work, beside what the peers take for the same.
struct Row {
    let own: Measurement
    let threads: Int
    let peers: [(name: String, seconds: Double)]

    init(_ own: Measurement, threads: Int, peers: [[String: Any]]) {
        (self.own, self.threads) = (own, threads)
        self.peers = peers.compactMap { peer in
            guard peer["what"] as? String == own.what, peer["shape"] as? String == own.shape,
                peer["rank"] as? Int == own.rank, let name = peer["peer"] as? String,
                let seconds = peer["seconds"] as? Double
            else { return nil }
            return (name, seconds)
        }
    }

    var fields: [String: Any] {
        [
            "what": own.what, "shape": own.shape, "rank": own.rank, "threads": threads, "seconds": own.seconds,
            "peers": peers.map { ["peer": $0.name, "seconds": $0.seconds, "ratio": $0.seconds / own.seconds] },
        ]
    }
}
