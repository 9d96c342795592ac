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
    @Option(help: ArgumentHelp("Measure this process's instruction set alone.", visibility: .hidden)) var alone: Bool =
        false

    func run() throws {
        ThreadPool.setDefaultWidth(1)
        if alone {
            let rows = Distances.measure() + Rows.measure() + Products.measure()
            print(String(decoding: try JSONEncoder().encode(rows), as: UTF8.self))
            return
        }
        let machine = Machine.measure()
        let rows = try ["scalar", "avx2", "avx512"].flatMap(Self.measureInProcess)
        if json {
            let data = try JSONEncoder().encode(rows)
            try printJSON(["machine": machine.fields, "kernels": JSONSerialization.jsonObject(with: data)])
            return
        }
        print(machine.summary + "\n")
        var table = Table("kernel", "shape", "isa", "time", "rate", "of ceiling")
        for row in rows {
            let ceiling = row.unit == "GFLOP/s" ? machine.float32Ceiling / 1e9 : machine.memoryCeiling / 1e9
            table.add(
                row.kernel, row.shape, row.isa, Self.time(row.seconds), "\(fixed(row.rate)) \(row.unit)",
                row.unit == "GFLOP/s" ? "\(fixed(100 * row.rate / ceiling, 0)) %" : "")
        }
        print(table.text)
    }

    /// The instruction set is chosen once a process, before its first kernel: so every set gets a process of its own.
    private static func measureInProcess(_ set: String) throws -> [Row] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
        process.arguments = ["--alone", "true"]
        process.environment = ProcessInfo.processInfo.environment.merging(["ATTUNE_ISA": set]) { $1 }
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? try JSONDecoder().decode([Row].self, from: data) : []
    }

    private static func time(_ seconds: Double) -> String {
        if seconds < 1e-6 { return "\(fixed(seconds * 1e9)) ns" }
        return seconds < 1e-3 ? "\(fixed(seconds * 1e6)) µs" : "\(fixed(seconds * 1e3)) ms"
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
