import CAttuneKernels
import Glibc
import Testing
import VectorMath

/// Elements that end right before memory that must not be read: a kernel that reads behind them ends the process.
final class FencedElements<Element: BitwiseCopyable> {
    private let mapping: UnsafeMutableRawPointer
    private let byteCount: Int
    let pointer: UnsafeMutablePointer<Element>
    let count: Int

    var values: [Element] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

    init(_ elements: [Element]) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let size = elements.count * MemoryLayout<Element>.stride
        let body = (size + page - 1) / page * page
        byteCount = body + page
        mapping = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        precondition(mapping != MAP_FAILED, "no memory to be had")
        precondition(mprotect(mapping + body, page, PROT_NONE) == 0, "the fence cannot be set")
        pointer = (mapping + body - size).bindMemory(to: Element.self, capacity: elements.count)
        count = elements.count
        elements.withUnsafeBufferPointer {
            if let first = $0.baseAddress { pointer.update(from: first, count: count) }
        }
    }

    deinit { munmap(mapping, byteCount) }
}

/// `count` bytes of any value.
func randomBytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = RandomGenerator(seed: seed)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next() >> 24) }
}

/// `count` signed bytes of any value, the extremes among them more often than the others.
func randomInt8s(_ count: Int, seed: UInt64) -> [Int8] {
    var generator = RandomGenerator(seed: seed)
    return (0..<count).map { _ in
        let bits = generator.next() >> 24
        switch bits >> 8 & 15 {
        case 0: return -128
        case 1: return 127
        default: return Int8(truncatingIfNeeded: bits)
        }
    }
}

/// The three forms of one distance, of one instruction set.
struct DistanceForms<Element: BitwiseCopyable, Result: BitwiseCopyable & Hashable> {
    typealias One = (UnsafePointer<Element>, UnsafePointer<Element>, Int) -> Result
    typealias Many =
        (
            UnsafePointer<Element>, UnsafePointer<Element>, Int, Int, Int, UnsafeMutablePointer<Result>
        ) -> Void
    typealias Matrix =
        (
            UnsafePointer<Element>, Int, Int, UnsafePointer<Element>, Int, Int, Int, UnsafeMutablePointer<Result>, Int
        ) -> Void

    let one: One
    let many: Many
    let matrix: Matrix

    /// Holds the forms to each other: every query and every row alone, in runs of rows, and in rectangles of which
    /// `shapes` gives height and width. What lies between the results must stay as it was.
    func expectSameBits(
        queries: [Element], rows: [Element], stride: Int, count n: Int, shapes: [(queries: Int, rows: Int)],
        untouched: Result, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let queries = FencedElements(queries)
        let rows = FencedElements(rows)
        for shape in shapes {
            let alone = (0..<shape.queries).map { q in
                (0..<shape.rows).map { one(queries.pointer + q * stride, rows.pointer + $0 * stride, n) }
            }
            for q in 0..<min(shape.queries, 2) {
                let out = FencedElements([Result](repeating: untouched, count: shape.rows))
                many(queries.pointer + q * stride, rows.pointer, stride, shape.rows, n, out.pointer)
                #expect(out.values == alone[q], "one to \(shape.rows) of \(n)", sourceLocation: sourceLocation)
            }
            let width = shape.rows + 2
            let out = FencedElements([Result](repeating: untouched, count: shape.queries * width))
            matrix(
                queries.pointer, stride, shape.queries, rows.pointer, stride, shape.rows, n, out.pointer, width)
            let expected = alone.flatMap { $0 + [untouched, untouched] }
            #expect(
                out.values == expected, "\(shape.queries) to \(shape.rows) of \(n)", sourceLocation: sourceLocation)
        }
    }
}

extension attune_half_distances {
    var forms: [DistanceForms<UInt16, Float>] {
        [
            DistanceForms(one: dot, many: dots, matrix: dot_matrix),
            DistanceForms(one: squared_l2, many: squared_l2s, matrix: squared_l2_matrix),
            DistanceForms(one: cosine, many: cosines, matrix: cosine_matrix),
        ]
    }
}

extension attune_kernels {
    var floatForms: [DistanceForms<Float, Float>] {
        [
            DistanceForms(one: dot, many: dots, matrix: dot_matrix),
            DistanceForms(one: squared_l2, many: squared_l2s, matrix: squared_l2_matrix),
            DistanceForms(one: cosine, many: cosines, matrix: cosine_matrix),
        ]
    }

    var int8Forms: [DistanceForms<Int8, Int32>] {
        [
            DistanceForms(one: int8.dot, many: int8.dots, matrix: int8.dot_matrix),
            DistanceForms(one: int8.squared_l2, many: int8.squared_l2s, matrix: int8.squared_l2_matrix),
        ]
    }

    var int8Cosine: DistanceForms<Int8, Float> {
        DistanceForms(one: int8.cosine, many: int8.cosines, matrix: int8.cosine_matrix)
    }

    var bitForms: DistanceForms<UInt8, Int32> {
        DistanceForms(one: bits.hamming, many: bits.hammings, matrix: bits.hamming_matrix)
    }
}
