"""The clerk's form and the import of tables: box slips, walk-ins, letters and telephone calls.

There is no platform and no manual but the paper itself (Pasal 6 of the regulation: complaint
boxes and direct complaints). One sample row of a table:

    nomor;tanggal;desa;kecamatan;isi;nama;telepon;anonim
    014/KP/XI/2026;9/11/2026;Babadan;Paron;Lampu jalan depan balai desa mati;Sri Contoh;;ya
"""
