import CAttuneKernels
import Testing

@testable import VectorMath

@Suite("Codes of several bits")
struct ExtendedCodeTests {
    static let widths = [64, 128, 384, 832, 1088, 4160]

    @Test("multiply the same at every level, in every width and number of bits", arguments: KernelSet.all, 0...7)
    func products(kernels: KernelSet, bits: Int) throws {
        let plain = try #require(KernelSet(.scalar))
        for width in Self.widths + [8192] {
            let row = FencedElements(randomBytes(width / 8 * bits, seed: 1))
            for query in [
                randomBytes(width, seed: 2).map { Int8(clamping: Int($0) - 127) },
                [Int8](repeating: -127, count: width),
            ] {
                let query = FencedElements(query)
                let found = Self.product(kernels, bits, row.pointer, query.pointer, width)
                #expect(found == Self.product(plain, bits, row.pointer, query.pointer, width), "\(width) coordinates")
            }
        }
    }

    private static func product(
        _ kernels: KernelSet, _ bits: Int, _ row: UnsafePointer<UInt8>, _ query: UnsafePointer<Int8>, _ width: Int
    ) -> Int32? {
        var found: Int32?
        kernels.withTable { table in
            withUnsafePointer(to: attune_extended_kernels_for(table).pointee.products) { products in
                products.withMemoryRebound(
                    to: (@convention(c) (UnsafePointer<UInt8>, UnsafePointer<Int8>, Int) -> Int32).self, capacity: 8
                ) { found = $0[bits](row, query, width) }
            }
        }
        return found
    }

    @Test("multiply as their numbers do", arguments: 1...7)
    func productsAreRight(bits: Int) throws {
        let plain = try #require(KernelSet(.scalar))
        let body = Body(width: 128, bits: bits, count: 3, seed: 4)
        let query = randomBytes(128, seed: 5).map { Int8(clamping: Int($0) - 127) }
        for slot in 0..<3 {
            let (u, _) = body.decoded(slot)
            let top = Float(1 << bits)
            // Without the sign's bit.
            let codes = u.map { $0 > 0 ? $0 - 0.5 : $0 - 0.5 + top }
            let expected = zip(codes, query).reduce(Float(0)) { $0 + $1.0 * Float($1.1) }
            let row = body.memory.pointer + body.layout.blockSize + slot * body.layout.rowSize
            #expect(Self.product(plain, bits, row, query, 128) == Int32(expected), "slot \(slot)")
        }
    }

    @Test("leave the same vectors in doubt at every level", arguments: KernelSet.all)
    func below(kernels: KernelSet) throws {
        var generator = RandomGenerator(seed: 6)
        let plain = try #require(KernelSet(.scalar))
        for round in 0..<200 {
            let sums = (0..<32).map { _ in UInt32(generator.below(20_000)) }
            let factors = (0..<32).map { _ -> UInt32 in
                let (first, second) = (generator.normal().bitPattern, (-abs(generator.normal()) * 0.1).bitPattern)
                return first & 0xffff_0000 | second >> 16
            }
            let bound = round == 0 ? Float.infinity : generator.normal()
            func found(_ kernels: KernelSet) -> UInt32? {
                var found: UInt32?
                kernels.withTable {
                    found = attune_extended_kernels_for($0).pointee.below(sums, factors, 1, 0.001, -10, bound)
                }
                return found
            }
            #expect(found(kernels) == found(plain))
            if round == 0 { #expect(found(kernels) == .max) }
        }
    }

    /// The least cosine between a vector and its code, by the bits beside the sign.
    static let cosines: [Float] = [0.75, 0.92, 0.97, 0.989, 0.9962, 0.9985, 0.9995, 0.9998]

    @Test("point in their vectors' direction, the nearer the more bits they have", arguments: 0...7)
    func direction(bits: Int) {
        for width in [64, 384, 1088] {
            let body = Body(width: width, bits: bits, count: 40, seed: UInt64(width))
            for slot in 0..<40 {
                let (u, rescale) = body.decoded(slot)
                let v = body.differences[slot]
                let cosine = Self.dot(u, v) / (Self.dot(u, u) * Self.dot(v, v)).squareRoot()
                #expect(cosine > Self.cosines[bits] - (width == 64 ? 0.08 * (1 - Self.cosines[bits]) * 4 : 0))
                #expect(abs(rescale * Self.dot(u, v) / Self.dot(v, v) - 1) < 0.4 - 0.05 * Float(bits))
            }
        }
    }

    @Test("estimate distances within a few deviations, the full ones without the tables' rounding", arguments: 0...7)
    func estimates(bits: Int) {
        let width = 384
        let body = Body(width: width, bits: bits, count: 200, seed: 9)
        let query = Query(randomFloats(width, seed: 10))
        body.withRows { rows in
            let base = body.distance(query.values, body.centre)
            var probe = PartitionEntry(distance: base, partition: 0)
            var best = [ExtendedEntry](repeating: ExtendedEntry(distance: 0, partition: 0, slot: 0), count: 200)
            let found = rows.scan(
                query.query, probes: &probe, count: 1, eligible: nil, deviations: 3, k: 200, limit: 200, best: &best)
            #expect(found == 200 && Set(best.map(\.slot)).count == 200)
            #expect(zip(best, best.dropFirst()).allSatisfy { $0.distance <= $1.distance })
            var (sum, squares, rounding) = (0.0, 0.0, 0.0)
            var scratch = [Float](repeating: 0, count: width)
            for entry in best {
                let exact = body.distance(query.values, body.vectors[Int(entry.slot)])
                let full = rows.estimate(query.query, entry, base: base, scratch: &scratch)
                sum += Double(full - exact)
                squares += Double((full - exact) * (full - exact))
                rounding = max(rounding, Double(abs(full - entry.distance)))
            }
            // |v|·|w|·2·tan θ / √W, θ between vector and code.
            let scale = (Double(base) * 384 / 3).squareRoot() * 2 / 384.0.squareRoot()
            let tangent = Double(1 / (Self.cosines[bits] * Self.cosines[bits]) - 1).squareRoot()
            #expect((squares / 200).squareRoot() < 1.2 * scale * tangent, "bits \(bits)")
            #expect(abs(sum / 200) < 0.4 * scale * tangent)
            #expect(rounding < 0.05 * scale)
        }
    }

    @Test("are the same in another slot of another body", arguments: [0, 3, 7])
    func copies(bits: Int) {
        let body = Body(width: 128, bits: bits, count: 70, seed: 11)
        let other = FencedElements([UInt8](repeating: 0, count: body.layout.codeSize(41)))
        let target = UnsafeMutablePointer(mutating: other.pointer)
        for slot in 0..<41 {
            body.layout.copy(69 - slot, of: body.memory.pointer, count: 70, to: slot, of: target, count: 41)
        }
        for slot in 0..<41 {
            var vector = [Float](repeating: 0, count: 128)
            let rescale = body.layout.decode(slot, of: other.pointer, count: 41, into: &vector)
            let expected = body.decoded(69 - slot)
            #expect(vector == expected.0 && rescale == expected.1)
        }
    }

    @Test("find the same vectors at every level", arguments: KernelSet.all, [0, 3, 6])
    func scans(kernels: KernelSet, bits: Int) throws {
        let plain = try #require(KernelSet(.scalar))
        let body = Body(width: 384, bits: bits, count: 777, seed: 12)
        let query = Query(randomFloats(384, seed: 13))
        var mask = (0..<25).map { _ in UInt32.max }
        mask[3] = 0
        mask[24] = 0x5555_5555
        body.withPartitions { partitions in
            for eligible in [nil, mask] as [[UInt32]?] {
                func found(_ kernels: KernelSet) -> [ExtendedEntry] {
                    var best = [ExtendedEntry](repeating: ExtendedEntry(distance: 0, partition: 0, slot: 0), count: 30)
                    var probe = attune_partition_entry(distance: body.distance(query.values, body.centre), partition: 0)
                    var count = 0
                    kernels.withTable { table in
                        best.withUnsafeMutableBytes { best in
                            let best = best.baseAddress!.assumingMemoryBound(to: attune_extended_entry.self)
                            withUnsafePointer(to: query.raw) { query in
                                (eligible ?? []).withUnsafeBufferPointer { words in
                                    var masks = words.baseAddress
                                    withUnsafePointer(to: &masks) { masks in
                                        count = attune_extended_scan(
                                            table, partitions, query, &probe, 1, eligible == nil ? nil : masks, 2, 20,
                                            30, best, 0)
                                    }
                                }
                            }
                        }
                    }
                    return Array(best.prefix(count))
                }
                let expected = found(plain)
                #expect(expected.count == 30 && found(kernels) == expected)
                if let eligible {
                    #expect(expected.allSatisfy { eligible[Int($0.slot) / 32] >> ($0.slot % 32) & 1 == 1 })
                }
            }
        }
    }

    @Test("give a vector at its centre the distance of the centre")
    func zero() {
        let layout = ExtendedLayout(width: 64, bits: 3)
        var body = [UInt8](repeating: 0, count: layout.codeSize(1))
        let (centre, zero) = (randomFloats(64, seed: 1), [Float](repeating: 0, count: 64))
        var scratch = zero
        layout.put(zero, centre: centre, addend: 0, into: &body, count: 1, slot: 0, scratch: &scratch)
        #expect(layout.decode(0, of: body, count: 1, into: &scratch) == 0)
    }

    @Test("are brought to the nearest centre, of equal ones to the first", arguments: [1, 15, 16, 17, 100])
    func nearest(partitions: Int) {
        let products = randomFloats(5 * 128, seed: 3)
        let lengths = randomFloats(partitions, seed: 4).map { abs($0) }
        var (nearest, values) = ([UInt32](repeating: 9, count: 5), [Float](repeating: 0, count: 5))
        PartitionKernels.nearest(
            products, stride: 128, count: 5, lengths: lengths, partitions: partitions, into: &nearest, values: &values)
        for row in 0..<5 {
            let all = (0..<partitions).map { lengths[$0] - 2 * products[128 * row + $0] }
            #expect(values[row] == all.min() && Int(nearest[row]) == all.firstIndex(of: values[row]))
        }
        let equal = [Float](repeating: 1, count: 128)
        PartitionKernels.nearest(
            equal, stride: 128, count: 1, lengths: equal, partitions: partitions, into: &nearest, values: &values)
        #expect(nearest[0] == 0)
    }

    private static func dot(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

    /// A rotated query and what it points at.
    final class Query {
        let values: [Float]
        let query: ExtendedQuery
        let raw: attune_extended_query
        private let memory: FencedElements<Float>
        private let tables: UnsafeMutablePointer<UInt8>
        private let bytes: UnsafeMutablePointer<Int8>

        init(_ values: [Float]) {
            self.values = values
            memory = FencedElements(values)
            tables = .allocate(capacity: 4 * values.count)
            bytes = .allocate(capacity: values.count)
            let square = values.reduce(0) { $0 + $1 * $1 }
            query = ExtendedQuery(
                rotated: memory.pointer, lengthSquare: square, width: values.count, tables: tables, bytes: bytes)
            var (step, offset, error, sum): (Float, Float, Float, Int32) = (0, 0, 0, 0)
            kernels.code_tables(values, values.count, tables, &step, &offset, &error)
            let unit = attune_extended_bytes(values, values.count, bytes, &sum)
            raw = attune_extended_query(
                vector: memory.pointer, tables: tables, step: step, offset: offset, length_square: square,
                bytes: bytes, unit: unit, sum: sum)
        }

        deinit {
            tables.deallocate()
            bytes.deallocate()
        }
    }

    /// One partition of random vectors.
    final class Body {
        let layout: ExtendedLayout
        let count: Int
        let centre: [Float]
        let differences: [[Float]]
        let vectors: [[Float]]
        let memory: FencedElements<UInt8>
        private let base: FencedElements<UnsafePointer<UInt8>?>
        private let size: FencedElements<UInt32>
        private let length: FencedElements<Float>
        private let half: FencedElements<UInt16>

        init(width: Int, bits: Int, count: Int, seed: UInt64) {
            let layout = ExtendedLayout(width: width, bits: bits)
            (self.layout, self.count) = (layout, count)
            var generator = RandomGenerator(seed: seed)
            let centre = (0..<width).map { _ in generator.normal() * 0.5 }
            let differences = (0..<count).map { _ in (0..<width).map { _ in generator.normal() * 0.57 } }
            self.centre = centre
            self.differences = differences
            vectors = differences.map { zip($0, centre).map { $0 + $1 } }
            memory = FencedElements([UInt8](repeating: 0, count: layout.codeSize(count)))
            base = FencedElements([UnsafePointer(memory.pointer)])
            size = FencedElements([UInt32(count)])
            length = FencedElements([centre.reduce(0) { $0 + $1 * $1 }])
            half = FencedElements([UInt16](repeating: 0, count: width))
            var scratch = [Float](repeating: 0, count: width)
            for slot in 0..<count {
                layout.put(
                    differences[slot], centre: centre, addend: 0, into: memory.pointer, count: count, slot: slot,
                    scratch: &scratch)
            }
        }

        func decoded(_ slot: Int) -> ([Float], Float) {
            var vector = [Float](repeating: 0, count: layout.width)
            let rescale = layout.decode(slot, of: memory.pointer, count: count, into: &vector)
            return (vector, rescale)
        }

        func distance(_ a: [Float], _ b: [Float]) -> Float {
            zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        }

        func withRows(_ body: (PartitionRows) -> Void) {
            body(
                PartitionRows(
                    layout: layout, count: 1, bodies: base.pointer, sizes: size.pointer, centres: half.pointer,
                    lengths: length.pointer, roots: memory.pointer))
        }

        func withPartitions(_ body: (UnsafePointer<attune_partitions>) -> Void) {
            var partitions = attune_partitions(
                width: layout.width, bits: Int32(layout.bits), count: 1, bodies: base.pointer, sizes: size.pointer,
                centres: half.pointer, lengths: length.pointer, roots: memory.pointer)
            body(&partitions)
        }
    }
}
