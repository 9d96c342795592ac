import Harness
import VectorMath

/// Distances of every element type, a pair: one to one and one to many in the level-2 cache and out of every cache, many to
/// many in it.
enum Distances {
    /// In elements; of bits, in bits.
    static let dimensions = [128, 384, 768, 1024, 1536]
    static let queries = 64

    /// 256 KiB stay in the level-2 cache; 128 MiB stay in none.
    static let places = [("L2", 256 << 10), ("memory", 128 << 20)]

    static func measure(dimensions: [Int]) -> [Row] {
        let memory = Memory(byteCount: places.map(\.1).max() ?? 0)
        return dimensions.flatMap { dimension in
            measure("float32", dimension, memory, Self.float32)
                + measure("float16", dimension, memory, Self.float16)
                + measure("bfloat16", dimension, memory, Self.bfloat16)
                + measure("int8", dimension, memory, Self.int8)
                + measure("bits", dimension, columns: dimension / 8, memory, Self.bits)
        }
    }

    private static func measure<Element, Sum>(
        _ type: String, _ dimension: Int, columns: Int? = nil, _ memory: Memory, _ forms: Forms<Element, Sum>
    ) -> [Row] {
        let columns = columns ?? dimension
        let bytes = columns * MemoryLayout<Element>.stride
        let query = memory.view(of: Element.self, rows: queries, columns: columns)
        return places.flatMap { place, size in
            let rows = memory.view(of: Element.self, rows: size / bytes, columns: columns)
            let shape = "\(dimension), \(place)"
            // Results are stored, as those of the peers are.
            var singles = [Int64](repeating: 0, count: rows.rows)
            var result = forms.ones.map { name, each in
                let seconds = median {
                    query.withUnsafePointer { first in
                        rows.withUnsafePointer { second in
                            singles.withUnsafeMutableBytes { each(first, second, rows.rows, columns, $0.baseAddress!) }
                        }
                    }
                }
                return Row(
                    "\(type) \(name), one to one", shape, seconds: seconds / Double(rows.rows), bytes: Double(bytes))
            }
            var out = [Sum](repeating: forms.zero, count: rows.rows)
            let many = median { query.withUnsafePointer { forms.many($0, rows, &out) } }
            result.append(
                Row(
                    "\(type) \(forms.name), one to many", shape, seconds: many / Double(rows.rows),
                    bytes: Double(bytes)))
            guard place == "L2" else { return result }
            var matrix = [Sum](repeating: forms.zero, count: queries * rows.rows)
            let all = median { forms.matrix(query, rows, &matrix, rows.rows) }
            result.append(
                Row(
                    "\(type) \(forms.name), many to many", shape, seconds: all / Double(matrix.count),
                    flops: Double(2 * dimension)))
            return result
        }
    }

    private static let float32 = Forms<Float, Float>(
        name: "dot", zero: 0,
        ones: [
            ("dot", each { Distance.dot($0, $1, count: $2) }),
            ("squared L2", each { Distance.squaredL2($0, $1, count: $2) }),
            ("cosine", each { Distance.cosine($0, $1, count: $2) }),
        ], many: { Distance.dots($0, rows: $1, into: $2) },
        matrix: { Distance.dots($0, rows: $1, into: $2, stride: $3) })

    private static let float16 = Forms<Float16, Float>(
        name: "dot", zero: 0,
        ones: [
            ("dot", each { Distance.dot($0, $1, count: $2) }),
            ("squared L2", each { Distance.squaredL2($0, $1, count: $2) }),
            ("cosine", each { Distance.cosine($0, $1, count: $2) }),
        ], many: { Distance.dots($0, rows: $1, into: $2) },
        matrix: { Distance.dots($0, rows: $1, into: $2, stride: $3) })

    private static let bfloat16 = Forms<BFloat16, Float>(
        name: "dot", zero: 0,
        ones: [
            ("dot", each { Distance.dot($0, $1, count: $2) }),
            ("squared L2", each { Distance.squaredL2($0, $1, count: $2) }),
            ("cosine", each { Distance.cosine($0, $1, count: $2) }),
        ], many: { Distance.dots($0, rows: $1, into: $2) },
        matrix: { Distance.dots($0, rows: $1, into: $2, stride: $3) })

    private static let int8 = Forms<Int8, Int32>(
        name: "dot", zero: 0,
        ones: [
            ("dot", each { Distance.dot($0, $1, count: $2) }),
            ("squared L2", each { Distance.squaredL2($0, $1, count: $2) }),
            ("cosine", each { Distance.cosine($0, $1, count: $2) }),
        ], many: { Distance.dots($0, rows: $1, into: $2) },
        matrix: { Distance.dots($0, rows: $1, into: $2, stride: $3) })

    private static let bits = Forms<UInt8, Int32>(
        name: "Hamming", zero: 0,
        ones: [("Hamming", each { Distance.hamming($0, $1, byteCount: $2) })],
        many: { Distance.hammings($0, rows: $1, into: $2) },
        matrix: { Distance.hammings($0, rows: $1, into: $2, stride: $3) })

    /// There are a thousand figures: short rounds.
    private static func median(_ body: () -> Void) -> Double {
        Timing.median(secondsPerRound: 0.01, body)
    }

    /// A loop over rows that lie one behind the other, with a distance that the compiler sees: nothing but the calls of it.
    @inline(__always)
    private static func each<Element, Value>(
        _ distance: @escaping @Sendable (UnsafePointer<Element>, UnsafePointer<Element>, Int) -> Value
    ) -> Each<Element> {
        { query, rows, count, columns, out in
            let out = out.assumingMemoryBound(to: Value.self)
            for i in 0..<count { out[i] = distance(query, rows + i * columns, columns) }
        }
    }
}

/// A vector with each of `count` rows of so many columns; the results, of up to 8 bytes, lie one behind the other.
private typealias Each<Element> =
    @Sendable (UnsafePointer<Element>, UnsafePointer<Element>, Int, Int, UnsafeMutableRawPointer) -> Void

/// What is measured of one element type.
private struct Forms<Element: MatrixElement, Sum: MatrixElement>: Sendable {
    let name: String
    let zero: Sum
    let ones: [(String, Each<Element>)]
    let many: @Sendable (UnsafePointer<Element>, MatrixView<Element>, UnsafeMutablePointer<Sum>) -> Void
    let matrix: @Sendable (MatrixView<Element>, MatrixView<Element>, UnsafeMutablePointer<Sum>, Int) -> Void
}

/// Bytes that every type reads as normal numbers. Written once: memory that was never written is one page of zeros.
private final class Memory {
    private let base: UnsafeMutableRawPointer

    init(byteCount: Int) {
        base = .allocate(byteCount: byteCount, alignment: 2 << 20)
        base.initializeMemory(as: UInt8.self, repeating: 0x3c, count: byteCount)
    }

    deinit { base.deallocate() }

    func view<Element>(of type: Element.Type, rows: Int, columns: Int) -> MatrixView<Element> {
        MatrixView(
            unsafeBase: UnsafePointer(base.assumingMemoryBound(to: Element.self)), rows: rows, columns: columns,
            stride: columns, owner: self)
    }
}
