internal import CAttuneKernels

/// The table of C kernels in use.
///
/// Safe to share: the table is constant and lives as long as the process.
struct Kernels: @unchecked Sendable {
    let table: UnsafePointer<attune_kernels>

    /// Chosen at first use, by C: a global of Swift that is initialized then costs as much as a short distance.
    static var current: Kernels {
        @inline(__always) get { Kernels(table: attune_kernels_in_use()) }
    }
}

/// The functions of the instruction set in use.
var kernels: attune_kernels {
    @inline(__always) _read { yield Kernels.current.table.pointee }
}
