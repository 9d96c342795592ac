import ArgumentParser
import Foundation
import Harness
import VectorMath

/// Times the kernels at every instruction set that this machine has, beside OpenBLAS and the machine's own ceilings.
@main
struct Kernels: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels",
        abstract: "Kernels by instruction set and shape, beside OpenBLAS and the machine's ceilings. One thread.")

    @Flag(help: "Print one JSON document.") var json = false
    @Option(help: "Measure one family alone: distances, rows or products.") var family: Family?
    @Option(help: "Measure distances of vectors of this many elements alone.") var dimension: Int?
    @Option(help: ArgumentHelp("Measure this process's instruction set alone.", visibility: .hidden)) var alone: Bool =
        false

    func run() throws {
        ThreadPool.setDefaultWidth(1)
        if alone {
            let rows = (family.map { [$0] } ?? Family.allCases).flatMap {
                $0.measure(dimensions: dimension.map { [$0] } ?? Distances.dimensions)
            }
            print(String(decoding: try JSONEncoder().encode(rows), as: UTF8.self))
            return
        }
        let machine = Machine.measure()
        let rows = try InstructionSet.available.map(\.rawValue).flatMap(measureInProcess)
        let others = try measurePeers()
        if json {
            let data = try JSONEncoder().encode(rows)
            try printJSON([
                "machine": machine.fields, "kernels": JSONSerialization.jsonObject(with: data), "peers": others,
            ])
            return
        }
        print(machine.summary + "\n")
        var table = Table("kernel", "shape", "isa", "time", "rate", "of ceiling")
        for row in rows {
            let ceiling = Self.ceiling(of: row, machine)
            table.add(
                row.kernel, row.shape, row.isa, Self.time(row.seconds), "\(fixed(row.rate)) \(row.unit)",
                ceiling > 0 ? "\(fixed(100e9 * row.rate / ceiling, 0)) %" : "")
        }
        for other in others {
            let name = { (key: String) in other[key] as? String ?? "" }
            let shape = other["dimension"].map { "\($0)" } ?? name("shape")
            let seconds = (other["seconds"] as? Double) ?? (other["ns"] as? Double ?? 0) * 1e-9
            table.add(
                name("kernel"), shape, name("peer"), Self.time(seconds),
                (other["gflops"] as? Double).map { "\(fixed($0)) GFLOP/s" } ?? "", "")
        }
        print(table.text)
    }

    /// What the peers take for the same: one thread each, where a Python has them.
    private func measurePeers() throws -> [[String: Any]] {
        var peers: [[String: Any]] = []
        if family == nil || family == .distances {
            let dimensions = dimension.map { [$0] } ?? Distances.dimensions
            peers += try Peer.run(
                script: "distance_peers.py",
                arguments: ["--dimensions", dimensions.map(String.init).joined(separator: ",")])
        }
        if family == nil || family == .products { peers += try Peer.run(script: "product_peers.py", arguments: []) }
        return peers
    }

    /// The instruction set is chosen once a process, before its first kernel: so every set gets a process of its own.
    private func measureInProcess(_ set: String) throws -> [Row] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
        process.arguments =
            ["--alone", "true"] + (family.map { ["--family", $0.rawValue] } ?? [])
            + (dimension.map { ["--dimension", String($0)] } ?? [])
        process.environment = ProcessInfo.processInfo.environment.merging(["ATTUNE_ISA": set]) { $1 }
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? try JSONDecoder().decode([Row].self, from: data) : []
    }

    /// What the machine can do at most of what the kernel computes with; 0 where that is bits, or bytes moved.
    private static func ceiling(of row: Row, _ machine: Machine) -> Double {
        guard row.unit == "GFLOP/s", !row.kernel.hasPrefix("bits") else { return 0 }
        if row.kernel.hasPrefix("int8") || row.kernel.hasPrefix("product int8") { return machine.int8Ceiling }
        let multipliesHalves =
            (row.kernel.hasPrefix("bfloat16 dot") || row.kernel.hasPrefix("product bf16"))
            && row.isa == InstructionSet.avx512bf16.rawValue
        return multipliesHalves ? machine.bfloat16Ceiling : machine.float32Ceiling
    }

    private static func time(_ seconds: Double) -> String {
        if seconds < 1e-6 { return "\(fixed(seconds * 1e9)) ns" }
        return seconds < 1e-3 ? "\(fixed(seconds * 1e6)) µs" : "\(fixed(seconds * 1e3)) ms"
    }
}

enum Family: String, CaseIterable, ExpressibleByArgument {
    case distances, rows, products

    func measure(dimensions: [Int]) -> [Row] {
        switch self {
        case .distances: Distances.measure(dimensions: dimensions)
        case .rows: Rows.measure()
        case .products: Products.measure()
        }
    }
}

/// One kernel at one shape.
struct Row: Codable {
    let kernel: String
    let shape: String
    let isa: String
    /// Of one call.
    let seconds: Double
    let rate: Double
    let unit: String

    init(
        _ kernel: String, _ shape: String, isa: String = InstructionSet.current.rawValue, seconds: Double, flops: Double
    ) {
        self.init(
            kernel: kernel, shape: shape, isa: isa, seconds: seconds, rate: flops / seconds / 1e9, unit: "GFLOP/s")
    }

    init(_ kernel: String, _ shape: String, seconds: Double, bytes: Double) {
        self.init(
            kernel: kernel, shape: shape, isa: InstructionSet.current.rawValue, seconds: seconds,
            rate: bytes / seconds / 1e9, unit: "GB/s")
    }

    private init(kernel: String, shape: String, isa: String, seconds: Double, rate: Double, unit: String) {
        self.kernel = kernel
        self.shape = shape
        self.isa = isa
        self.seconds = seconds
        self.rate = rate
        self.unit = unit
    }
}

func randomMatrix(_ rows: Int, _ columns: Int, seed: UInt64 = 1) -> Matrix<Float> {
    var generator = RandomGenerator(seed: seed)
    return Matrix(rows: rows, columns: columns, elements: (0..<rows * columns).map { _ in 2 * generator.uniform() - 1 })
}
