internal import CAttuneKernels

/// How the codes of a partition lie in memory; the layout stands in `attune_extended.h`.
package struct ExtendedLayout: Equatable, Sendable {
    /// Coordinates, a multiple of 64.
    package let width: Int
    /// Bits of a coordinate beside its sign.
    package let bits: Int

    package static let mostBits = Int(ATTUNE_EXTENDED_MOST)

    package init(width: Int, bits: Int) {
        precondition(width > 0 && width % Int(ATTUNE_CODE_UNIT) == 0, "codes of \(width) coordinates")
        precondition((0...Self.mostBits).contains(bits), "\(bits) bits beside a sign")
        (self.width, self.bits) = (width, bits)
    }

    /// The bytes of 32 one-bit codes with their factors.
    package var blockSize: Int { attune_extended_block_size(width) }
    /// The bytes of a vector's further bits and factors.
    package var rowSize: Int { attune_extended_row_size(width, Int32(bits)) }
    /// The blocks of `count` vectors.
    package func blocks(_ count: Int) -> Int { (count + CodeKernels.blockCount - 1) / CodeKernels.blockCount }
    /// The bytes of the codes of `count` vectors.
    package func codeSize(_ count: Int) -> Int { blocks(count) * blockSize + count * rowSize }

    /// Makes all slots of blocks empty.
    package func clear(_ body: UnsafeMutablePointer<UInt8>, count: Int) { attune_extended_clear(body, count, width) }

    /// Writes the code of `vector` - `centre`, `[width]`, into a slot of a body of `count` vectors.
    ///
    /// - Parameters:
    ///   - vector: The difference.
    ///   - addend: What is added to the vector's distances.
    ///   - scratch: Room for `width`.
    package func put(
        _ vector: UnsafePointer<Float>, centre: UnsafePointer<Float>, addend: Float,
        into body: UnsafeMutablePointer<UInt8>, count: Int, slot: Int, scratch: UnsafeMutablePointer<Float>
    ) {
        attune_extended_put(body, count, slot, vector, centre, addend, width, Int32(bits), scratch)
    }

    /// Copies the code of a slot into a slot of another body around the same centre.
    package func copy(
        _ slot: Int, of body: UnsafePointer<UInt8>, count: Int, to target: Int,
        of other: UnsafeMutablePointer<UInt8>, count otherCount: Int
    ) {
        attune_extended_copy(other, otherCount, target, body, count, slot, width, Int32(bits))
    }

    /// Reads a slot's code as `[width]` numbers; times what is returned they are about the coded difference.
    package func decode(
        _ slot: Int, of body: UnsafePointer<UInt8>, count: Int, into vector: UnsafeMutablePointer<Float>
    ) -> Float {
        attune_extended_decode(body, count, slot, width, Int32(bits), vector)
    }
}

/// A partition and the squared distance of its centre.
package struct PartitionEntry: Equatable, Sendable {
    package var distance: Float
    package var partition: UInt32
}

/// A vector's place and an estimate of its squared distance.
package struct ExtendedEntry: Equatable, Sendable {
    package var distance: Float
    package var partition: UInt32
    package var slot: UInt32
}

/// A query as partitions are read with it; it points into memory of its maker.
package struct ExtendedQuery {
    fileprivate let query: attune_extended_query

    /// Makes the tables of a rotated query `[width]` in room for 4 · width bytes, and its whole numbers in room for `width`.
    package init(
        rotated vector: UnsafePointer<Float>, lengthSquare: Float, width: Int, tables: UnsafeMutablePointer<UInt8>,
        bytes: UnsafeMutablePointer<Int8>
    ) {
        var (step, offset): (Float, Float) = (0, 0)
        attune_graph_tables(Kernels.current.table, vector, width, tables, &step, &offset)
        var sum: Int32 = 0
        let unit = attune_extended_bytes(vector, width, bytes, &sum)
        query = attune_extended_query(
            vector: vector, tables: tables, step: step, offset: offset, length_square: lengthSquare, bytes: bytes,
            unit: unit, sum: sum)
    }
}

/// Partitions in memory that somebody else owns.
package struct PartitionRows {
    private let partitions: attune_partitions
    private var table: UnsafePointer<attune_kernels> { Kernels.current.table }

    package init(
        layout: ExtendedLayout, count: Int, bodies: UnsafePointer<UnsafePointer<UInt8>?>,
        sizes: UnsafePointer<UInt32>, centres: UnsafeRawPointer, lengths: UnsafePointer<Float>,
        roots: UnsafePointer<UInt8>
    ) {
        partitions = attune_partitions(
            width: layout.width, bits: Int32(layout.bits), count: count, bodies: bodies, sizes: sizes,
            centres: centres.assumingMemoryBound(to: UInt16.self), lengths: lengths, roots: roots)
    }

    /// The numbers that a ranking of `count` partitions takes.
    package static func room(partitions count: Int) -> Int {
        (count + CodeKernels.blockCount - 1) / CodeKernels.blockCount * CodeKernels.blockCount
    }

    /// Ranks the nearest `wanted` partitions that are not empty.
    ///
    /// - Parameters:
    ///   - estimates: Room for ``room(partitions:)``.
    ///   - order: Room for all partitions; gets them, nearer first.
    /// - Returns: How many there are.
    package func rank(
        _ query: ExtendedQuery, wanted: Int, estimates: UnsafeMutablePointer<Float>,
        order: UnsafeMutablePointer<PartitionEntry>
    ) -> Int {
        withPartitions { partitions in
            withUnsafePointer(to: query.query) {
                attune_extended_rank(table, partitions, $0, wanted, estimates, Self.c(order))
            }
        }
    }

    /// Finds the nearest vectors of partitions.
    ///
    /// - Parameters:
    ///   - eligible: For each probe a bit for each slot, 32 to a word; nil where all are.
    ///   - deviations: How far a one-bit estimate may be off before its vector is left out.
    ///   - k: The rank whose distance a vector has to beat.
    ///   - limit: How many are kept, at least `k`.
    ///   - best: Room for `limit`; gets them, nearer first.
    /// - Returns: How many there are.
    package func scan(
        _ query: ExtendedQuery, probes: UnsafePointer<PartitionEntry>, count: Int,
        eligible: UnsafePointer<UnsafePointer<UInt32>?>?, deviations: Float, k: Int, limit: Int,
        best: UnsafeMutablePointer<ExtendedEntry>
    ) -> Int {
        withPartitions { partitions in
            withUnsafePointer(to: query.query) {
                attune_extended_scan(
                    table, partitions, $0, Self.c(probes), count, eligible, deviations, k, limit, Self.c(best), 0)
            }
        }
    }

    /// The full estimate of an entry's squared distance, with the query in float32.
    ///
    /// - Parameters:
    ///   - base: The squared distance of its partition's centre.
    ///   - scratch: Room for `width`.
    package func estimate(
        _ query: ExtendedQuery, _ entry: ExtendedEntry, base: Float, scratch: UnsafeMutablePointer<Float>
    ) -> Float {
        withPartitions { partitions in
            withUnsafePointer(to: query.query) {
                attune_extended_estimate(partitions, $0, base, entry.partition, entry.slot, scratch)
            }
        }
    }

    private func withPartitions<R>(_ body: (UnsafePointer<attune_partitions>) -> R) -> R {
        withUnsafePointer(to: partitions, body)
    }

    // The C structs have the same members.
    private static func c(
        _ entries: UnsafeMutablePointer<PartitionEntry>
    ) -> UnsafeMutablePointer<attune_partition_entry> {
        UnsafeMutableRawPointer(entries).assumingMemoryBound(to: attune_partition_entry.self)
    }

    private static func c(_ entries: UnsafePointer<PartitionEntry>) -> UnsafePointer<attune_partition_entry> {
        UnsafeRawPointer(entries).assumingMemoryBound(to: attune_partition_entry.self)
    }

    private static func c(
        _ entries: UnsafeMutablePointer<ExtendedEntry>
    ) -> UnsafeMutablePointer<attune_extended_entry> {
        UnsafeMutableRawPointer(entries).assumingMemoryBound(to: attune_extended_entry.self)
    }
}

/// What partitions need beside codes.
package enum PartitionKernels {
    /// Of each row of `products` `[N, P]`, ⟨x, c⟩, the centre with the least |c|² - 2⟨x, c⟩, ties by the lower number.
    package static func nearest(
        _ products: UnsafePointer<Float>, stride: Int, count: Int, lengths: UnsafePointer<Float>, partitions: Int,
        into nearest: UnsafeMutablePointer<UInt32>, values: UnsafeMutablePointer<Float>
    ) {
        attune_extended_nearest(products, stride, count, lengths, partitions, nearest, values)
    }

    /// |q - x|² of a vector in half precision, `[width]`, a multiple of 64.
    package static func squaredL2(
        _ query: UnsafePointer<Float>, half vector: UnsafeRawPointer, width: Int
    ) -> Float {
        attune_graph_kernels_for(Kernels.current.table).pointee.distance(query, vector, nil, width)
    }

    /// ⟨q, x⟩ of a vector in half precision, `[width]`, a multiple of 64.
    package static func dot(_ query: UnsafePointer<Float>, half vector: UnsafeRawPointer, width: Int) -> Float {
        attune_graph_kernels_for(Kernels.current.table).pointee.dot(query, vector, nil, width)
    }

    /// Rounds numbers to half precision, what is too large to the largest.
    package static func half(
        _ vector: UnsafePointer<Float>, count: Int, into half: UnsafeMutableRawPointer
    ) {
        attune_extended_half(Kernels.current.table, vector, count, half.assumingMemoryBound(to: UInt16.self))
    }

    /// Widens numbers of half precision.
    package static func widen(
        _ half: UnsafeRawPointer, count: Int, into vector: UnsafeMutablePointer<Float>
    ) {
        kernels.float16_to_float32(half.assumingMemoryBound(to: UInt16.self), vector, count)
    }

    /// difference = vector - centre, `[width]`.
    package static func subtract(
        _ centre: UnsafePointer<Float>, from vector: UnsafePointer<Float>, count: Int,
        into difference: UnsafeMutablePointer<Float>
    ) {
        attune_code_residual(vector, centre, count, count, 1, difference)
    }

    /// vector = centre + factor · vector.
    package static func restore(
        _ vector: UnsafeMutablePointer<Float>, factor: Float, centre: UnsafePointer<Float>, count: Int
    ) {
        RowKernels.scale(vector, count: count, by: factor)
        RowKernels.add(centre, to: vector, count: count)
    }
}
