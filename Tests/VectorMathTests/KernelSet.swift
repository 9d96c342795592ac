import CAttuneKernels
import Testing
import VectorMath

/// The kernels of one instruction set, for tests that run on all that this processor has.
struct KernelSet: CustomTestStringConvertible, @unchecked Sendable {
    let name: String
    private let table: UnsafePointer<attune_kernels>

    var functions: attune_kernels { table.pointee }
    var testDescription: String { name }

    func withTable(_ body: (UnsafePointer<attune_kernels>) -> Void) { body(table) }

    init?(_ instructionSet: InstructionSet) {
        guard let table = attune_kernels_for(instructionSet.rawValue) else { return nil }
        name = instructionSet.rawValue
        self.table = table
    }

    static let all = InstructionSet.available.compactMap { KernelSet($0) }
}

/// Every length with every way to end a row in the widest kernels, twice over.
let kernelLengths = 0...130

/// Floats in a buffer that starts `offset` floats past an aligned address and ends in guards that nothing may touch.
final class GuardedFloats {
    private static let guardBits: UInt32 = 0x7fab_cdef
    private static let guards = 20
    private let base: UnsafeMutablePointer<Float>
    private let offset: Int
    let count: Int

    var pointer: UnsafeMutablePointer<Float> { base + offset }
    var values: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

    init(_ values: [Float], offset: Int) {
        let total = offset + values.count + Self.guards
        base = UnsafeMutableRawPointer.allocate(byteCount: total * 4, alignment: 64).assumingMemoryBound(to: Float.self)
        base.initialize(repeating: Float(bitPattern: Self.guardBits), count: total)
        self.offset = offset
        count = values.count
        for (index, value) in values.enumerated() { pointer[index] = value }
    }

    deinit { base.deallocate() }

    /// Whether what lies before and after the floats is as it was.
    var guardsHold: Bool {
        let before = (0..<offset).allSatisfy { base[$0].bitPattern == Self.guardBits }
        let after = (0..<Self.guards).allSatisfy { pointer[count + $0].bitPattern == Self.guardBits }
        return before && after
    }
}

/// `count` numbers in -`scale`..<`scale`.
func randomFloats(_ count: Int, seed: UInt64, scale: Float = 1) -> [Float] {
    var generator = RandomGenerator(seed: seed)
    return (0..<count).map { _ in scale * (2 * generator.uniform() - 1) }
}

/// A matrix of numbers in -`scale`..<`scale`.
func randomMatrix(_ rows: Int, _ columns: Int, seed: UInt64, scale: Float = 1) -> Matrix<Float> {
    Matrix(rows: rows, columns: columns, elements: randomFloats(rows * columns, seed: seed, scale: scale))
}

/// Whether every element is within `bound(index)` of what is expected.
func expectNear(
    _ found: [Float], _ expected: [Double], _ label: @autoclosure () -> String,
    sourceLocation: SourceLocation = #_sourceLocation, bound: (Int) -> Double
) {
    #expect(found.count == expected.count, "\(label())", sourceLocation: sourceLocation)
    for index in found.indices {
        let error = abs(Double(found[index]) - expected[index])
        if !(error <= bound(index)) {
            Issue.record(
                "\(label()), element \(index): \(found[index]) is \(error) from \(expected[index])",
                sourceLocation: sourceLocation)
            return
        }
    }
}
