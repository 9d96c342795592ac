import CAttuneKernels
import Testing
import VectorMath

@Suite("Forms of distances")
struct DistanceFormTests {
    /// Lengths with every kind of ending, and the sizes that models have.
    static let lengths = [0, 1, 7, 16, 33, 64, 100, 129, 384, 391, 768]
    /// Rectangles smaller than a tile, of whole tiles, and with edges.
    static let shapes = [(0, 3), (3, 0), (1, 1), (1, 11), (4, 4), (5, 9), (11, 6), (8, 12)].map {
        (queries: $0.0, rows: $0.1)
    }
    /// Larger than the blocks that queries, rows and norms are taken in, and more rows than a cache is taken to hold.
    static let large = [(queries: 190, rows: 45), (queries: 131, rows: 67), (queries: 1, rows: 1501)]

    private func expectSameBits<Element, Result>(
        _ forms: DistanceForms<Element, Result>, untouched: Result, elements: (Int, UInt64) -> [Element]
    ) {
        for n in Self.lengths {
            let stride = n + 3
            forms.expectSameBits(
                queries: elements(12 * stride, 1), rows: elements(12 * stride, 2), stride: stride, count: n,
                shapes: Self.shapes, untouched: untouched)
        }
        let n = 384
        forms.expectSameBits(
            queries: elements(190 * n, 3), rows: elements(1501 * n, 4), stride: n, count: n, shapes: Self.large,
            untouched: untouched)
    }

    @Test("of float32 give a pair the same bits, whatever stands beside it", arguments: KernelSet.all)
    func float32(kernels: KernelSet) {
        for forms in kernels.functions.floatForms {
            expectSameBits(forms, untouched: 77) { randomFloats($0, seed: $1) }
        }
    }

    @Test("of 16-bit floats give a pair the same bits", arguments: KernelSet.all, HalfFormat.allCases)
    func halves(kernels: KernelSet, format: HalfFormat) {
        for forms in format.distances(kernels.functions).forms {
            expectSameBits(forms, untouched: 77) { format.bits(randomFloats($0, seed: $1)) }
        }
    }

    @Test("of int8 give a pair the same number", arguments: KernelSet.all)
    func int8(kernels: KernelSet) {
        for forms in kernels.functions.int8Forms { expectSameBits(forms, untouched: 77, elements: randomInt8s) }
        expectSameBits(kernels.functions.int8Cosine, untouched: 77, elements: randomInt8s)
    }

    @Test("of bits give a pair the same number", arguments: KernelSet.all)
    func bits(kernels: KernelSet) {
        expectSameBits(kernels.functions.bitForms, untouched: 77, elements: randomBytes)
    }

    @Test("through the Swift face are those of the instruction set in use")
    func throughSwift() throws {
        let kernels = try #require(KernelSet(.current)).functions
        let queries = randomMatrix(6, 50, seed: 1)
        let rows = randomMatrix(9, 50, seed: 2)
        let kinds = [Distance.dots, Distance.squaredL2s, Distance.cosines] as [FloatMatrixForm<Float>]
        expectFace(queries, rows, kinds, kernels.floatForms.map(\.one)) { $0 }

        let float16Kinds = [Distance.dots, Distance.squaredL2s, Distance.cosines] as [FloatMatrixForm<Float16>]
        expectFace(
            Matrix<Float16>(queries.view), Matrix<Float16>(rows.view), float16Kinds,
            kernels.float16.forms.map(\.one)
        ) { $0.map { $0.bitPattern } }

        let bfloat16Kinds = [Distance.dots, Distance.squaredL2s, Distance.cosines] as [FloatMatrixForm<BFloat16>]
        expectFace(
            Matrix<BFloat16>(queries.view), Matrix<BFloat16>(rows.view), bfloat16Kinds,
            kernels.bfloat16.forms.map(\.one)
        ) { $0.map { $0.bits } }
    }

    private typealias FloatMatrixForm<Element: MatrixElement> = (
        MatrixView<Element>, MatrixView<Element>, UnsafeMutablePointer<Float>, Int
    ) -> Void

    private func expectFace<Element, Stored>(
        _ queries: Matrix<Element>, _ rows: Matrix<Element>, _ kinds: [FloatMatrixForm<Element>],
        _ expected: [DistanceForms<Stored, Float>.One], stored: ([Element]) -> [Stored]
    ) {
        for (kind, one) in zip(kinds, expected) {
            var out = [Float](repeating: 0, count: queries.rows * rows.rows)
            kind(queries.view, rows.view, &out, rows.rows)
            for q in 0..<queries.rows {
                for r in 0..<rows.rows {
                    #expect(
                        out[q * rows.rows + r] == one(stored(queries.row(q)), stored(rows.row(r)), queries.columns))
                }
            }
        }
    }

    @Test("of int8 and bits through the Swift face agree with each other")
    func integersThroughSwift() {
        let queries = Matrix(rows: 5, columns: 70, elements: randomInt8s(5 * 70, seed: 1))
        let rows = Matrix(rows: 7, columns: 70, elements: randomInt8s(7 * 70, seed: 2))
        let bytes = Matrix(rows: 7, columns: 70, elements: randomBytes(7 * 70, seed: 3))
        var dots = [Int32](repeating: 0, count: 35)
        var distances = dots
        var bits = dots
        var cosines = [Float](repeating: 0, count: 35)
        Distance.dots(queries.view, rows: rows.view, into: &dots, stride: 7)
        Distance.squaredL2s(queries.view, rows: rows.view, into: &distances, stride: 7)
        Distance.cosines(queries.view, rows: rows.view, into: &cosines, stride: 7)
        Distance.hammings(bytes[rows: 0..<5], rows: bytes.view, into: &bits, stride: 7)
        for q in 0..<5 {
            var one = [Int32](repeating: 0, count: 7)
            var oneCosines = [Float](repeating: 0, count: 7)
            Distance.dots(queries.row(q), rows: rows.view, into: &one)
            #expect(one == Array(dots[q * 7..<q * 7 + 7]))
            Distance.squaredL2s(queries.row(q), rows: rows.view, into: &one)
            #expect(one == Array(distances[q * 7..<q * 7 + 7]))
            Distance.cosines(queries.row(q), rows: rows.view, into: &oneCosines)
            #expect(oneCosines == Array(cosines[q * 7..<q * 7 + 7]))
            Distance.hammings(bytes.row(q), rows: bytes.view, into: &one)
            #expect(one == Array(bits[q * 7..<q * 7 + 7]))
            for r in 0..<7 {
                #expect(Distance.dot(queries.row(q), rows.row(r), count: 70) == dots[q * 7 + r])
                #expect(Distance.squaredL2(queries.row(q), rows.row(r), count: 70) == distances[q * 7 + r])
                #expect(Distance.cosine(queries.row(q), rows.row(r), count: 70) == cosines[q * 7 + r])
                #expect(Distance.hamming(bytes.row(q), bytes.row(r), byteCount: 70) == bits[q * 7 + r])
            }
        }
    }
}
