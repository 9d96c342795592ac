internal import CCeilings
internal import Foundation

/// What this machine is, and what one of its cores can do at most: the figures that every measured one stands beside.
public struct Machine: Sendable {
    public let processor: String
    public let cores: Int
    /// Operations a second of one core, nothing else running; 0 where the instruction is missing.
    public let float32Ceiling: Double
    public let bfloat16Ceiling: Double
    public let int8Ceiling: Double
    /// Bytes a second that one core reads in order from memory.
    public let memoryCeiling: Double

    /// Measures the ceilings, the best of five tries each: a ceiling is a maximum. Takes about a second.
    public static func measure() -> Machine {
        func best(_ ceiling: () -> Double) -> Double { (0..<5).map { _ in ceiling() }.max() ?? 0 }
        let size = 512 << 20
        let bytes = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 2 << 20)
        defer { bytes.deallocate() }
        bytes.initializeMemory(as: UInt8.self, repeating: 1, count: size)
        return Machine(
            processor: processorName(), cores: ProcessInfo.processInfo.activeProcessorCount,
            float32Ceiling: best(ceiling_float32_fma), bfloat16Ceiling: best(ceiling_bfloat16_dot),
            int8Ceiling: best(ceiling_int8_dot), memoryCeiling: best { ceiling_read(bytes, size, 1) })
    }

    /// One line for the head of a table.
    public var summary: String {
        func giga(_ value: Double) -> String { String(format: "%.0f", value / 1e9) }
        return "\(processor), \(cores) cores; one core at most: \(giga(float32Ceiling)) GFLOP/s float32, "
            + "\(giga(bfloat16Ceiling)) bf16, \(giga(int8Ceiling)) GOP/s int8, reads \(giga(memoryCeiling)) GB/s"
    }

    /// The same for `--json`.
    public var fields: [String: Any] {
        [
            "processor": processor, "cores": cores, "float32_gflops_per_core": float32Ceiling / 1e9,
            "bfloat16_gflops_per_core": bfloat16Ceiling / 1e9, "int8_gops_per_core": int8Ceiling / 1e9,
            "memory_gb_per_s_per_core": memoryCeiling / 1e9,
        ]
    }

    /// Keeps the calling thread on one core from now on, and says on which.
    public static func pinToOneCore() -> Int {
        Int(pin_to_one_core())
    }

    private static func processorName() -> String {
        let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
        let model = lines.first { $0.hasPrefix("model name") }?.split(separator: ":").last
        return model.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown processor"
    }
}

/// The most memory that this process has held at once, in megabytes.
public func peakMegabytes() -> Double {
    var usage = rusage()
    getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_maxrss) / 1024
}
